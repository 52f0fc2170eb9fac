#include "CSimdJSON.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr bool is_hex(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

constexpr uint32_t digit(uint8_t byte) { return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10u; }

uint32_t code_unit(const uint8_t *digits) {
  return digit(digits[0]) << 12 | digit(digits[1]) << 8 | digit(digits[2]) << 4 | digit(digits[3]);
}

/* Is it an escape, behind a backslash, that stands for one character? */
struct Letters {
  bool is[256] = {};
  constexpr Letters() {
    for (const char *letter = "\"\\/bfnrt"; *letter; letter++) is[static_cast<uint8_t>(*letter)] = true;
  }
  constexpr bool operator[](uint8_t byte) const { return is[byte]; }
};
constexpr Letters is_letter;

/* Bytes of the escape at `text`, which starts with a backslash; 0: it is none. */
size_t escape_length(const uint8_t *text, size_t count) {
  if (count < 2) return 0;
  if (is_letter[text[1]]) return 2;
  if (text[1] != 'u') return 0;
  return count >= 6 && is_hex(text[2]) && is_hex(text[3]) && is_hex(text[4]) && is_hex(text[5]) ? 6 : 0;
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

/* What was found of a string so far: `done` bytes of it. */
struct Walk {
  size_t done = 0;
  size_t excess = 0;
  int high = 0;
  enum { going, ended, faulty } state = going;
};

/* Steps over the special byte at the end of what is done. */
void step(Walk &walk, const uint8_t *text, size_t count) {
  const uint8_t byte = text[walk.done];
  if (byte == '"') {
    walk.done += 1;
    walk.state = Walk::ended;
    return;
  }
  const size_t escape = byte == '\\' ? escape_length(text + walk.done, count - walk.done) : 0;
  if (escape == 0) {
    walk.state = Walk::faulty;
    return;
  }
  walk.excess += escape - 1;
  walk.done += escape;
}

bool is_plain(uint8_t byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

/* Steps over plain bytes, as long as there are 16. */
void skip_plain(Walk &walk, const uint8_t *text, size_t count) {
#if defined(__x86_64__)
  const __m128i controls = _mm_set1_epi8(0x1f);
  while (count - walk.done >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + walk.done));
    const __m128i found = _mm_or_si128(
      _mm_cmpeq_epi8(_mm_min_epu8(block, controls), block),
      _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
    const unsigned special = static_cast<unsigned>(_mm_movemask_epi8(found));
    const unsigned high = static_cast<unsigned>(_mm_movemask_epi8(block));
    if (special) {
      const unsigned place = static_cast<unsigned>(__builtin_ctz(special));
      walk.high |= (high & ((1u << place) - 1)) != 0;
      walk.done += place;
      return;
    }
    walk.high |= high != 0;
    walk.done += 16;
  }
#endif
}

void walk_bytes(Walk &walk, const uint8_t *text, size_t count) {
  while (walk.state == Walk::going) {
    skip_plain(walk, text, count);
    while (walk.done < count && is_plain(text[walk.done])) {
      walk.high |= text[walk.done] >= 0x80;
      walk.done += 1;
    }
    if (walk.done >= count) {
      walk.state = Walk::faulty;
      return;
    }
    step(walk, text, count);
  }
}

#if defined(__x86_64__)

/* Steps through a block of 64 bytes, of which it is known where the special ones and those outside of ASCII are: escapes are
 * stepped over bit by bit. */
inline void step_block(Walk &walk, const uint8_t *text, size_t count, uint64_t special, uint64_t high) {
  const size_t start = walk.done;
  size_t next = start + 64;
  while (special) {
    const unsigned place = static_cast<unsigned>(__builtin_ctzll(special));
    const uint8_t *const at = text + start + place;
    const size_t left = count - start - place;
    /* Nearly all escapes are of two bytes. */
    if (*at == '\\' && left > 1 && is_letter[at[1]]) {
      walk.excess += 1;
      special &= ~(uint64_t(3) << place);
      if (place == 63) next = start + 65;
      continue;
    }
    const size_t escape = *at == '\\' ? escape_length(at, left) : 0;
    if (escape == 0) {
      walk.high |= (high & ((uint64_t(1) << place) - 1)) != 0;
      walk.done = start + place + (*at == '"');
      walk.state = *at == '"' ? Walk::ended : Walk::faulty;
      return;
    }
    walk.excess += escape - 1;
    const size_t behind = place + escape;
    special = behind < 64 ? special & (~uint64_t(0) << behind) : 0;
    if (behind > 64) next = start + behind;
  }
  walk.done = next;
  walk.high |= high != 0;
}

/* By blocks of 64, as long as there are whole ones: most strings end in their first. */
__attribute__((target("avx2,bmi"))) void walk_blocks_avx2(Walk &walk, const uint8_t *text, size_t count) {
  const __m256i controls = _mm256_set1_epi8(0x1f);
  const __m256i quotes = _mm256_set1_epi8('"');
  const __m256i backslashes = _mm256_set1_epi8('\\');
  while (walk.state == Walk::going && count - walk.done >= 64) {
    uint64_t special = 0;
    uint64_t high = 0;
    for (unsigned half = 0; half < 2; half++) {
      const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(text + walk.done + 32 * half));
      const __m256i found = _mm256_or_si256(
        _mm256_cmpeq_epi8(_mm256_min_epu8(block, controls), block),
        _mm256_or_si256(_mm256_cmpeq_epi8(block, quotes), _mm256_cmpeq_epi8(block, backslashes)));
      special |= uint64_t(static_cast<uint32_t>(_mm256_movemask_epi8(found))) << (32 * half);
      high |= uint64_t(static_cast<uint32_t>(_mm256_movemask_epi8(block))) << (32 * half);
    }
    step_block(walk, text, count, special, high);
  }
}

__attribute__((target("avx512f,avx512bw,bmi"))) void walk_blocks_avx512(Walk &walk, const uint8_t *text, size_t count) {
  const __m512i space = _mm512_set1_epi8(' ');
  const __m512i quotes = _mm512_set1_epi8('"');
  const __m512i backslashes = _mm512_set1_epi8('\\');
  while (walk.state == Walk::going && count - walk.done >= 64) {
    const __m512i block = _mm512_loadu_si512(text + walk.done);
    const uint64_t special = _mm512_cmplt_epu8_mask(block, space) | _mm512_cmpeq_epi8_mask(block, quotes) |
                             _mm512_cmpeq_epi8_mask(block, backslashes);
    step_block(walk, text, count, special, _mm512_movepi8_mask(block));
  }
}

void no_blocks(Walk &, const uint8_t *, size_t) {}

using BlockWalk = void (*)(Walk &, const uint8_t *, size_t);

/* With registers of at most so many bits, as far as the processor has them. */
BlockWalk walk_of(int bits) {
  if (bits >= 512 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi")) return walk_blocks_avx512;
  if (bits >= 256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return walk_blocks_avx2;
  return no_blocks;
}

const BlockWalk walk_blocks = walk_of(512);

#endif

csimdjson_string result(const Walk &walk) {
  if (walk.state == Walk::faulty) return {0, 0, 0};
  return {walk.done, walk.excess, walk.high};
}

}  // namespace

extern "C" csimdjson_string csimdjson_scan_string(const uint8_t *text, size_t count) noexcept {
  Walk walk;
#if defined(__x86_64__)
  walk_blocks(walk, text, count);
#endif
  walk_bytes(walk, text, count);
  return result(walk);
}

extern "C" csimdjson_string csimdjson_scan_string_by(int bits, const uint8_t *text, size_t count) noexcept {
  Walk walk;
#if defined(__x86_64__)
  walk_of(bits)(walk, text, count);
#else
  (void)bits;
#endif
  walk_bytes(walk, text, count);
  return result(walk);
}

extern "C" int csimdjson_is_lower_hex(const uint8_t *text, size_t count) noexcept {
  /* Without a branch in it, so that the compiler takes many bytes at a time. */
  uint8_t other = 0;
  for (size_t index = 0; index < count; index++) {
    const uint8_t digit = static_cast<uint8_t>(text[index] - '0');
    const uint8_t letter = static_cast<uint8_t>(text[index] - 'a');
    other |= static_cast<uint8_t>(!((digit < 10) | (letter < 6)));
  }
  return other == 0;
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

extern "C" csimdjson_cut csimdjson_cut_string(const uint8_t *text, size_t count, size_t units) noexcept {
  csimdjson_cut cut = {0, 0};
  size_t left = units;
  while (cut.length < count) {
#if defined(__x86_64__)
    /* Letters of ASCII that are no escape are a unit each. */
    if (left >= 16 && count - cut.length >= 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + cut.length));
      const int other = _mm_movemask_epi8(_mm_or_si128(block, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
      const size_t plain = other ? static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(other))) : 16;
      cut.length += plain;
      left -= plain;
      if (plain == 16) continue;
    }
#endif
    const uint8_t byte = text[cut.length];
    size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    size_t needed = byte >= 0xf0 ? 2 : 1;
    size_t excess = 0;
    if (byte == '\\') {
      length = text[cut.length + 1] == 'u' ? 6 : 2;
      /* A pair of surrogates stays together. */
      if (length == 6 && count - cut.length >= 12 && text[cut.length + 6] == '\\' && text[cut.length + 7] == 'u' &&
          (code_unit(text + cut.length + 2) & 0xfc00) == 0xd800 && (code_unit(text + cut.length + 8) & 0xfc00) == 0xdc00) {
        length = 12;
        needed = 2;
      }
      excess = length - needed;
    }
    if (needed > left) break;
    left -= needed;
    cut.length += length;
    cut.excess += excess;
  }
  return cut;
}
