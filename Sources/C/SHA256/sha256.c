#include "csha256.h"

#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 64
#define SHA_CODE __attribute__((target("sha,sse4.1,ssse3")))
#define ALWAYS static inline __attribute__((always_inline)) SHA_CODE

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

int csha256_is_there(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The words of a state as the instructions want them, highest first: A B E F and C D G H. */
typedef struct {
  __m128i abef, cdgh;
} words;

ALWAYS words load(const uint32_t state[8]) {
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
  return (words){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0)};
}

ALWAYS void store(words from, uint32_t state[8]) {
  const __m128i feba = _mm_shuffle_epi32(from.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(from.cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* copy: where the block is written to as well; null: nowhere. */
ALWAYS void read(__m128i message[4], const uint8_t *block, uint8_t *copy) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (int part = 0; part < 4; part++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * part));
    if (copy) _mm_storeu_si128((__m128i *)(copy + 16 * part), bytes);
    message[part] = _mm_shuffle_epi8(bytes, big_endian);
  }
}

/* Four of the 64 rounds; of the last 16, no later one wants words. */
ALWAYS void rounds(words *state, __m128i message[4], int number) {
  const __m128i now = message[number & 3];
  const __m128i sum = _mm_add_epi32(now, _mm_load_si128((const __m128i *)(constants + 4 * number)));
  state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, sum);
  state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, _mm_shuffle_epi32(sum, 0x0E));
  if (number < 12) {
    const __m128i last = message[(number + 3) & 3];
    const __m128i between = _mm_alignr_epi8(last, message[(number + 2) & 3], 4);
    const __m128i first = _mm_add_epi32(_mm_sha256msg1_epu32(now, message[(number + 1) & 3]), between);
    message[number & 3] = _mm_sha256msg2_epu32(first, last);
  }
}

ALWAYS words sum(words left, words right) {
  return (words){_mm_add_epi32(left.abef, right.abef), _mm_add_epi32(left.cdgh, right.cdgh)};
}

ALWAYS void take_copying(uint32_t state[8], const uint8_t *bytes, size_t blocks, uint8_t *copy) {
  words now = load(state);
  for (; blocks > 0; blocks--, bytes += BLOCK) {
    const words before = now;
    __m128i message[4];
    read(message, bytes, copy);
    if (copy) copy += BLOCK;
#pragma clang loop unroll(full)
    for (int number = 0; number < 16; number++) rounds(&now, message, number);
    now = sum(now, before);
  }
  store(now, state);
}

SHA_CODE static void take(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
  take_copying(state, bytes, blocks, NULL);
}

SHA_CODE static void take_and_copy(uint32_t state[8], const uint8_t *bytes, size_t blocks, uint8_t *copy) {
  take_copying(state, bytes, blocks, copy);
}

SHA_CODE static void take_two(
  uint32_t state[8], const uint8_t *bytes, uint32_t other_state[8], const uint8_t *other_bytes, size_t blocks) {
  words now = load(state), other = load(other_state);
  for (; blocks > 0; blocks--, bytes += BLOCK, other_bytes += BLOCK) {
    const words before = now, other_before = other;
    __m128i message[4], other_message[4];
    read(message, bytes, NULL);
    read(other_message, other_bytes, NULL);
#pragma clang loop unroll(full)
    for (int number = 0; number < 16; number++) {
      rounds(&now, message, number);
      rounds(&other, other_message, number);
    }
    now = sum(now, before);
    other = sum(other, other_before);
  }
  store(now, state);
  store(other, other_state);
}

void csha256_start(csha256_stream *stream) {
  /* FIPS 180-4, 5.3.3. */
  static const uint32_t initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  };
  memcpy(stream->state, initial, sizeof initial);
  stream->count = 0;
}

/* Fills the block that was begun. Returns how many of the bytes it took. */
static size_t complete(csha256_stream *stream, const uint8_t *bytes, size_t count) {
  const size_t begun = stream->count % BLOCK;
  if (begun == 0) return 0;
  const size_t taken = count < BLOCK - begun ? count : BLOCK - begun;
  memcpy(stream->rest + begun, bytes, taken);
  stream->count += taken;
  if (begun + taken == BLOCK) take(stream->state, stream->rest, 1);
  return taken;
}

/* Takes whole blocks, and keeps the rest; no block is begun. */
static void append(csha256_stream *stream, const uint8_t *bytes, size_t count) {
  take(stream->state, bytes, count / BLOCK);
  if (count % BLOCK > 0) memcpy(stream->rest, bytes + count / BLOCK * BLOCK, count % BLOCK);
  stream->count += count;
}

void csha256_update(csha256_stream *stream, const uint8_t *bytes, size_t count) {
  if (count == 0) return;
  const size_t taken = complete(stream, bytes, count);
  if (taken < count) append(stream, bytes + taken, count - taken);
}

void csha256_copy(csha256_stream *stream, const uint8_t *bytes, size_t count, uint8_t *copy) {
  if (count == 0) return;
  const size_t begun = complete(stream, bytes, count);
  memcpy(copy, bytes, begun);
  const size_t blocks = (count - begun) / BLOCK, rest = begun + blocks * BLOCK;
  take_and_copy(stream->state, bytes + begun, blocks, copy + begun);
  stream->count += blocks * BLOCK;
  memcpy(copy + rest, bytes + rest, count - rest);
  append(stream, bytes + rest, count - rest);
}

void csha256_update_two(
  csha256_stream *one, const uint8_t *bytes, size_t count, csha256_stream *other, const uint8_t *other_bytes,
  size_t other_count) {
  const size_t taken = count > 0 ? complete(one, bytes, count) : 0;
  const size_t other_taken = other_count > 0 ? complete(other, other_bytes, other_count) : 0;
  const size_t blocks = (count - taken) / BLOCK, other_blocks = (other_count - other_taken) / BLOCK;
  const size_t both = blocks < other_blocks ? blocks : other_blocks;
  if (both > 0) {
    take_two(one->state, bytes + taken, other->state, other_bytes + other_taken, both);
    one->count += both * BLOCK;
    other->count += both * BLOCK;
  }
  const size_t done = taken + both * BLOCK, other_done = other_taken + both * BLOCK;
  if (done < count) append(one, bytes + done, count - done);
  if (other_done < other_count) append(other, other_bytes + other_done, other_count - other_done);
}

void csha256_finish(csha256_stream *stream, uint8_t digest[32]) {
  /* FIPS 180-4, 5.1.1: a one, zeros, and the length in bits. */
  uint8_t end[2 * BLOCK] = {0};
  const size_t begun = stream->count % BLOCK;
  memcpy(end, stream->rest, begun);
  end[begun] = 0x80;
  const size_t blocks = begun < BLOCK - 8 ? 1 : 2;
  const uint64_t bits = __builtin_bswap64(stream->count * 8);
  memcpy(end + blocks * BLOCK - 8, &bits, sizeof bits);
  take(stream->state, end, blocks);
  for (int word = 0; word < 8; word++) {
    const uint32_t bytes = __builtin_bswap32(stream->state[word]);
    memcpy(digest + 4 * word, &bytes, sizeof bytes);
  }
}

#else

int csha256_is_there(void) { return 0; }
void csha256_start(csha256_stream *stream) { (void)stream; }
void csha256_update(csha256_stream *stream, const uint8_t *bytes, size_t count) {
  (void)stream, (void)bytes, (void)count;
}
void csha256_copy(csha256_stream *stream, const uint8_t *bytes, size_t count, uint8_t *copy) {
  (void)stream, (void)bytes, (void)count, (void)copy;
}
void csha256_update_two(
  csha256_stream *one, const uint8_t *bytes, size_t count, csha256_stream *other, const uint8_t *other_bytes,
  size_t other_count) {
  (void)one, (void)bytes, (void)count, (void)other, (void)other_bytes, (void)other_count;
}
void csha256_finish(csha256_stream *stream, uint8_t digest[32]) { (void)stream, (void)digest; }

#endif
