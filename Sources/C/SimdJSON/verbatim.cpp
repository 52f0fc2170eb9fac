#include "CSimdJSON.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

constexpr size_t block_size = 64;

#if defined(__SSE2__)
struct Block {
  __m128i part[4];

  explicit Block(const uint8_t *bytes) {
    for (int i = 0; i < 4; i++) part[i] = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes) + i);
  }

  /* Bit i: byte i is `byte`. */
  uint64_t equal(char byte) const {
    const __m128i wanted = _mm_set1_epi8(byte);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++)
      mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted)))) << 16 * i;
    return mask;
  }
};
#else
struct Block {
  uint8_t bytes[block_size];

  explicit Block(const uint8_t *source) { std::memcpy(bytes, source, block_size); }

  uint64_t equal(char byte) const {
    uint64_t mask = 0;
    for (size_t i = 0; i < block_size; i++) mask |= static_cast<uint64_t>(bytes[i] == static_cast<uint8_t>(byte)) << i;
    return mask;
  }
};
#endif

/* The characters behind a backslash that itself is not escaped. `carry`: the block before ends with such a backslash. */
uint64_t escaped_bytes(uint64_t backslashes, uint64_t &carry) {
  constexpr uint64_t even = 0x5555555555555555;
  backslashes &= ~carry;
  const uint64_t follows = backslashes << 1 | carry;
  /* A run of backslashes that begins on an odd place is moved out of the way by adding; what it ends on tells its length. */
  const uint64_t odd_starts = backslashes & ~even & ~follows;
  uint64_t sum;
  carry = __builtin_add_overflow(odd_starts, backslashes, &sum) ? 1 : 0;
  return (even ^ sum << 1) & follows;
}

uint64_t letters(const Block &block) {
  return block.equal('n') | block.equal('"') | block.equal('\\') | block.equal('t') | block.equal('r') |
         block.equal('b') | block.equal('f');
}

/* Is \u, of which `digits` are what follows, the only way to write its character? */
bool is_least(const uint8_t *digits) {
  if (digits[0] != '0' || digits[1] != '0' || (digits[2] != '0' && digits[2] != '1')) return false;
  const uint8_t last = digits[3];
  const bool is_hex = (last >= '0' && last <= '9') || (last >= 'a' && last <= 'f');
  if (digits[2] == '1') return is_hex;
  return is_hex && last != '8' && last != '9' && last != 'a' && last != 'c' && last != 'd';
}

}  // namespace

extern "C" int csimdjson_is_least_escaped(const uint8_t *text, size_t count) noexcept {
  uint64_t carry = 0;
  for (size_t done = 0; done < count; done += block_size) {
    uint8_t rest[block_size];
    const uint8_t *bytes = text + done;
    if (count - done < block_size) {
      std::memset(rest, 0, block_size);
      std::memcpy(rest, bytes, count - done);
      bytes = rest;
    }
    const Block block(bytes);
    const uint64_t backslashes = block.equal('\\');
    if ((backslashes | carry) == 0) continue;
    uint64_t others = escaped_bytes(backslashes, carry) & ~letters(block);
    for (; others; others &= others - 1) {
      const size_t place = done + static_cast<size_t>(__builtin_ctzll(others));
      if (text[place] != 'u' || count - place < 5 || !is_least(text + place + 1)) return 0;
    }
  }
  return 1;
}

extern "C" size_t csimdjson_occurrences(const uint8_t *text, size_t count, uint8_t byte) noexcept {
  size_t found = 0;
  size_t done = 0;
#if defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128();
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(byte));
  while (count - done >= 64) {
    /* Lanes count down from zero, at most 4 a round: 63 rounds fit a byte. */
    __m128i sums = zero;
    for (int round = 0; round < 63 && count - done >= 64; round++, done += 64) {
      const __m128i *block = reinterpret_cast<const __m128i *>(text + done);
      for (int i = 0; i < 4; i++) sums = _mm_add_epi8(sums, _mm_cmpeq_epi8(_mm_loadu_si128(block + i), wanted));
    }
    const __m128i totals = _mm_sad_epu8(_mm_sub_epi8(zero, sums), zero);
    found += static_cast<size_t>(_mm_cvtsi128_si64(totals)) +
             static_cast<size_t>(_mm_cvtsi128_si64(_mm_srli_si128(totals, 8)));
  }
#endif
  for (; done < count; done++) found += text[done] == byte;
  return found;
}
