#include "CSimdJSON.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

constexpr uint64_t every(uint8_t byte) { return 0x0101010101010101u * byte; }
constexpr uint64_t any_zero_byte(uint64_t word) { return (word - every(1)) & ~word & every(0x80); }

/* Nonzero if one of eight bytes is a control, a quote, a backslash or 0xED, the first byte of every surrogate. */
constexpr uint64_t special_bytes(uint64_t word) {
  return ((word - every(0x20)) & ~word & every(0x80)) | any_zero_byte(word ^ every('"')) |
         any_zero_byte(word ^ every('\\')) | any_zero_byte(word ^ every(0xed));
}

constexpr bool is_special(uint8_t byte) { return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0xed; }

/* Copies bytes up to the first special one, at least 16 bytes of `destination` being writable past `count`. */
size_t copy_plain(const uint8_t *source, size_t count, uint8_t *destination) {
  size_t done = 0;
#if defined(__SSE2__)
  while (done + 16 <= count) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(source + done));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(destination + done), block);
    const __m128i special = _mm_or_si128(
      _mm_or_si128(
        _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block), _mm_cmpeq_epi8(block, _mm_set1_epi8('"'))),
      _mm_or_si128(
        _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')), _mm_cmpeq_epi8(block, _mm_set1_epi8(static_cast<char>(0xed)))));
    const int mask = _mm_movemask_epi8(special);
    if (mask) return done + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
    done += 16;
  }
#endif
  while (done + 8 <= count) {
    uint64_t word;
    std::memcpy(&word, source + done, 8);
    if (special_bytes(word)) break;
    std::memcpy(destination + done, &word, 8);
    done += 8;
  }
  while (done < count && !is_special(source[done])) {
    destination[done] = source[done];
    done += 1;
  }
  return done;
}

constexpr char hex[] = "0123456789abcdef";

size_t escape_control(uint8_t byte, uint8_t *destination) {
  char letter = 0;
  switch (byte) {
    case '"': case '\\': letter = static_cast<char>(byte); break;
    case '\b': letter = 'b'; break;
    case '\t': letter = 't'; break;
    case '\n': letter = 'n'; break;
    case '\f': letter = 'f'; break;
    case '\r': letter = 'r'; break;
    default: break;
  }
  if (letter) {
    destination[0] = '\\';
    destination[1] = static_cast<uint8_t>(letter);
    return 2;
  }
  std::memcpy(destination, "\\u00", 4);
  destination[4] = static_cast<uint8_t>(hex[byte >> 4]);
  destination[5] = static_cast<uint8_t>(hex[byte & 15]);
  return 6;
}

size_t write_surrogate(const uint8_t *source, uint8_t *destination, bool keep) {
  if (!keep) {
    std::memcpy(destination, "\xef\xbf\xbd", 3);
    return 3;
  }
  std::memcpy(destination, "\\ud", 3);
  destination[3] = static_cast<uint8_t>(hex[(source[1] >> 2) & 15]);
  destination[4] = static_cast<uint8_t>(hex[(source[1] & 3) << 2 | ((source[2] >> 4) & 3)]);
  destination[5] = static_cast<uint8_t>(hex[source[2] & 15]);
  return 6;
}

}  // namespace

extern "C" csimdjson_progress csimdjson_escape(
  const uint8_t *source, size_t count, uint8_t *destination, size_t room, int keep_surrogates) noexcept {
  size_t consumed = 0;
  size_t written = 0;
  while (consumed < count && room - written >= CSIMDJSON_ESCAPE_ROOM) {
    /* Room is kept for the one special character behind the run and for what is stored past its end. */
    const size_t limit = room - written - 32;
    const size_t left = count - consumed;
    const size_t run = copy_plain(source + consumed, left < limit ? left : limit, destination + written);
    consumed += run;
    written += run;
    if (consumed == count || !is_special(source[consumed])) continue;
    const uint8_t byte = source[consumed];
    if (byte != 0xed) {
      written += escape_control(byte, destination + written);
      consumed += 1;
    } else if (count - consumed >= 3 && source[consumed + 1] >= 0xa0) {
      written += write_surrogate(source + consumed, destination + written, keep_surrogates != 0);
      consumed += 3;
    } else { /* U+D000 to U+D7FF: Hangul */
      destination[written++] = byte;
      consumed += 1;
    }
  }
  return {consumed, written};
}

extern "C" size_t csimdjson_utf16_length(const uint8_t *text, size_t count) noexcept {
  size_t units = 0;
  size_t done = 0;
#if defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128();
  while (count - done >= 16) {
    /* Lanes count down from zero, at most 2 a round: 127 rounds fit a byte. */
    __m128i sums = zero;
    for (int round = 0; round < 127 && count - done >= 16; round++, done += 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + done));
      /* As signed bytes, continuations are below 0xc0. */
      const __m128i starts = _mm_cmpgt_epi8(block, _mm_set1_epi8(static_cast<char>(0xbf)));
      const __m128i longest = _mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8(static_cast<char>(0xf0))), block);
      sums = _mm_add_epi8(sums, _mm_add_epi8(starts, longest));
    }
    const __m128i totals = _mm_sad_epu8(_mm_sub_epi8(zero, sums), zero);
    units += static_cast<size_t>(_mm_cvtsi128_si64(totals)) +
             static_cast<size_t>(_mm_cvtsi128_si64(_mm_srli_si128(totals, 8)));
  }
#endif
  for (; done < count; done++) units += ((text[done] & 0xc0) != 0x80) + (text[done] >= 0xf0);
  return units;
}

extern "C" size_t csimdjson_folded_run(const uint8_t *text, size_t count) noexcept {
  size_t done = 0;
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x20);
  while (count - done >= 17) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + done));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text + done + 1));
    /* As signed bytes, what is not ASCII is below everything else. */
    const __m128i unsure = _mm_cmpgt_epi8(space, block);
    const __m128i before = _mm_and_si128(_mm_cmpeq_epi8(block, space), _mm_cmpgt_epi8(_mm_set1_epi8(0x21), next));
    const int found = _mm_movemask_epi8(_mm_or_si128(unsure, before));
    if (found != 0) return done + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(found)));
    done += 16;
  }
#endif
  for (; done < count; done++) {
    if (text[done] < 0x20 || text[done] >= 0x80) break;
    if (text[done] == 0x20 && (done + 1 == count || text[done + 1] <= 0x20 || text[done + 1] >= 0x80)) break;
  }
  return done;
}

extern "C" size_t csimdjson_ascii_run(const uint8_t *text, size_t count) noexcept {
  size_t done = 0;
#if defined(__SSE2__)
  for (; count - done >= 16; done += 16) {
    const int found = _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i *>(text + done)));
    if (found != 0) return done + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(found)));
  }
#endif
  while (done < count && text[done] < 0x80) done++;
  return done;
}
