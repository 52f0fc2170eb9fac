#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) by the processor's own instructions.
 *
 * Each of them waits for the one before, so a core that hashes one stream is idle half of the time. Two streams whose
 * instructions alternate take hardly longer than one. */

typedef struct {
  uint32_t state[8];
  /* Bytes that were given. */
  uint64_t count;
  /* Those that make no whole block yet: count % 64. */
  uint8_t rest[64];
} csha256_stream;

/* 0: the processor has no such instructions, and nothing else here may be called. Slow; ask once. */
int csha256_is_there(void);

void csha256_start(csha256_stream *stream);
void csha256_update(csha256_stream *stream, const uint8_t *bytes, size_t count);

/* An update that copies the bytes as well, which costs nothing beside it. The two do not overlap. */
void csha256_copy(csha256_stream *stream, const uint8_t *bytes, size_t count, uint8_t *copy);

/* The same as two updates, of different streams. */
void csha256_update_two(
  csha256_stream *one, const uint8_t *bytes, size_t count, csha256_stream *other, const uint8_t *other_bytes,
  size_t other_count);

/* Ends the stream; it has to be started again. */
void csha256_finish(csha256_stream *stream, uint8_t digest[32]);

#endif
