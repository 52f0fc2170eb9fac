#include "CSimdJSON.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

constexpr bool is_hex(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

constexpr uint32_t digit(uint8_t byte) { return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10u; }

uint32_t code_unit(const uint8_t *digits) {
  return digit(digits[0]) << 12 | digit(digits[1]) << 8 | digit(digits[2]) << 4 | digit(digits[3]);
}

/* Bytes of the escape at `text`, which starts with a backslash; 0: it is none. */
size_t escape_length(const uint8_t *text, size_t count) {
  if (count < 2) return 0;
  switch (text[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': return 2;
    case 'u':
      return count >= 6 && is_hex(text[2]) && is_hex(text[3]) && is_hex(text[4]) && is_hex(text[5]) ? 6 : 0;
    default: return 0;
  }
}

uint8_t letter(uint8_t escape) {
  switch (escape) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return escape;
  }
}

size_t write_scalar(uint32_t scalar, uint8_t *out) {
  if (scalar < 0x80) {
    out[0] = static_cast<uint8_t>(scalar);
    return 1;
  }
  if (scalar < 0x800) {
    out[0] = static_cast<uint8_t>(0xc0 | scalar >> 6);
    out[1] = static_cast<uint8_t>(0x80 | (scalar & 63));
    return 2;
  }
  if (scalar < 0x10000) {
    out[0] = static_cast<uint8_t>(0xe0 | scalar >> 12);
    out[1] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 63));
    out[2] = static_cast<uint8_t>(0x80 | (scalar & 63));
    return 3;
  }
  out[0] = static_cast<uint8_t>(0xf0 | scalar >> 18);
  out[1] = static_cast<uint8_t>(0x80 | (scalar >> 12 & 63));
  out[2] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 63));
  out[3] = static_cast<uint8_t>(0x80 | (scalar & 63));
  return 4;
}

}  // namespace

extern "C" csimdjson_string csimdjson_scan_string(const uint8_t *text, size_t count) noexcept {
  csimdjson_string found = {0, 0, 0};
  size_t done = 0;
#if defined(__SSE2__)
  int high = 0;
#endif
  for (;;) {
#if defined(__SSE2__)
    while (done + 16 <= count) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + done));
      const __m128i special = _mm_or_si128(
        _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block),
        _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
      const int mask = _mm_movemask_epi8(special);
      if (mask) {
        const unsigned place = static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(mask)));
        high |= _mm_movemask_epi8(block) & ((1 << place) - 1);
        done += place;
        break;
      }
      high |= _mm_movemask_epi8(block);
      done += 16;
    }
    found.has_high_bytes |= high != 0;
#endif
    while (done < count && text[done] >= 0x20 && text[done] != '"' && text[done] != '\\') {
      found.has_high_bytes |= text[done] >= 0x80;
      done += 1;
    }
    if (done >= count || text[done] < 0x20) return {0, 0, 0};
    if (text[done] == '"') {
      found.length = done + 1;
      return found;
    }
    const size_t escape = escape_length(text + done, count - done);
    if (escape == 0) return {0, 0, 0};
    found.has_escapes = 1;
    done += escape;
  }
}

extern "C" size_t csimdjson_unescape(const uint8_t *text, size_t count, uint8_t *out) noexcept {
  size_t done = 0;
  size_t written = 0;
  while (done < count) {
    const void *escape = std::memchr(text + done, '\\', count - done);
    const size_t plain = escape ? static_cast<size_t>(static_cast<const uint8_t *>(escape) - (text + done)) : count - done;
    std::memcpy(out + written, text + done, plain);
    done += plain;
    written += plain;
    if (!escape) break;
    if (text[done + 1] != 'u') {
      out[written++] = letter(text[done + 1]);
      done += 2;
      continue;
    }
    uint32_t scalar = code_unit(text + done + 2);
    done += 6;
    if (scalar >= 0xd800 && scalar < 0xdc00 && count - done >= 6 && text[done] == '\\' && text[done + 1] == 'u') {
      const uint32_t low = code_unit(text + done + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        scalar = 0x10000 + ((scalar - 0xd800) << 10) + (low - 0xdc00);
        done += 6;
      }
    }
    written += write_scalar(scalar, out + written);
  }
  return written;
}

