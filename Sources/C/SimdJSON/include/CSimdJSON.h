#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define CSIMDJSON_NOEXCEPT noexcept
extern "C" {
#else
#define CSIMDJSON_NOEXCEPT
#endif

/* Asks for the cache line of an address, which need not be readable. */
static inline void csimdjson_prefetch(const void *address) { __builtin_prefetch(address); }

/* A parsed text in simdjson's tape format, with the place in the text of every value added.
 *
 * words[0] is the root: 'r' in the top byte, the number of words in the rest. A value is one word, its kind in the
 * top byte:
 *   n t f        null, true, false
 *   "            offset into `strings` of a 32-bit length, that many bytes of WTF-8 and a zero
 *   l u d b      a number, its value in the next word: int64, uint64, double; b is a number that no 64-bit integer
 *                holds or that is too large for a double: the nearest double, which may be infinite
 *   [ {          in the low 32 bits the index after the matching closing word
 *   ] }          in the low 32 bits the index of the opening word
 * positions[i] is the offset in the text of the first byte of the value whose word is i. */
typedef struct {
  const uint64_t *words;
  const uint8_t *strings;
  const uint32_t *positions;
  const uint8_t *text;
  size_t text_count;
} csimdjson_tape;

typedef struct csimdjson_parser csimdjson_parser;

enum {
  CSIMDJSON_PADDING = 64, /* readable bytes that must follow a text and every string on a tape */
  CSIMDJSON_PARSED = 0,
  CSIMDJSON_REFUSED = 1, /* not JSON, or one of the things that simdjson has no value for */
  CSIMDJSON_NO_MEMORY = 2
};

/* NULL: no memory. At most `maximum_depth` nested containers are accepted; some texts of just that depth are
 * refused. */
csimdjson_parser *csimdjson_create(size_t maximum_depth) CSIMDJSON_NOEXCEPT;
void csimdjson_destroy(csimdjson_parser *parser) CSIMDJSON_NOEXCEPT;

/* Fills `tape`, which is valid until the next call and as long as `text` stays. CSIMDJSON_PADDING readable bytes must
 * follow the text. */
int csimdjson_parse(
  csimdjson_parser *parser, const uint8_t *text, size_t count, csimdjson_tape *tape) CSIMDJSON_NOEXCEPT;

typedef struct {
  size_t consumed;
  size_t written;
} csimdjson_progress;

enum { CSIMDJSON_ESCAPE_ROOM = 64 /* less room than that and nothing is written */ };

/* Writes WTF-8 as the inside of a JSON string, escaping only what must be, until the source ends or less than
 * CSIMDJSON_ESCAPE_ROOM bytes are left. A lone surrogate becomes \udxxx if `keep_surrogates`, else U+FFFD. */
csimdjson_progress csimdjson_escape(
  const uint8_t *source, size_t count, uint8_t *destination, size_t room, int keep_surrogates) CSIMDJSON_NOEXCEPT;

typedef struct {
  size_t length; /* through the closing quote; 0: no string begins here */
  size_t excess; /* bytes that its escapes take more than the UTF-16 code units that they stand for */
  int has_high_bytes; /* some outside of ASCII, which may or may not be UTF-8 */
} csimdjson_string;

/* The string whose first byte behind the opening quote is at `text`, looked for in `count` bytes. Escapes and control
 * characters are checked, UTF-8 is not. */
csimdjson_string csimdjson_scan_string(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* The same with vector registers of at most that many bits (0, 256, 512), so that tests can compare the ways to do it. */
csimdjson_string csimdjson_scan_string_by(int bits, const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* Bytes before the closing quote of a string of ASCII without escapes that ends within 16 bytes, all of which must be readable;
 * -1: it is another string. Most are this short, so this is worth being compiled into its callers. */
#if defined(__x86_64__)
static inline int csimdjson_short_string(const uint8_t *text) {
  typedef signed char block_type __attribute__((vector_size(16)));
  block_type block;
  __builtin_memcpy(&block, text, sizeof block);
  /* As a signed number, a byte that is not ASCII is less than a space, too. */
  const block_type special = (block_type)(block < ' ') | (block_type)(block == '"') | (block_type)(block == '\\');
  const int found = __builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))special);
  if (found == 0) return -1;
  const int place = __builtin_ctz((unsigned)found);
  return text[place] == '"' ? place : -1;
}
#else
static inline int csimdjson_short_string(const uint8_t *text) {
  (void)text;
  return -1;
}
#endif

/* Writes as WTF-8 what lies between the quotes of a string that csimdjson_scan_string found; `out` has room for
 * `count` bytes. Returns how many were written. */
size_t csimdjson_unescape(const uint8_t *text, size_t count, uint8_t *out) CSIMDJSON_NOEXCEPT;

typedef struct {
  size_t length;
  size_t excess;
} csimdjson_cut;

/* The longest start, of what lies between such quotes, of at most `units` UTF-16 code units that ends between two scalars. */
csimdjson_cut csimdjson_cut_string(const uint8_t *text, size_t count, size_t units) CSIMDJSON_NOEXCEPT;

int csimdjson_is_utf8(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* Is the inside of a JSON string, as it stands in a text, what csimdjson_escape makes of its characters? */
int csimdjson_is_least_escaped(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* How many of the bytes are `byte`. */
size_t csimdjson_occurrences(const uint8_t *text, size_t count, uint8_t byte) CSIMDJSON_NOEXCEPT;

/* Are all bytes 0-9 or a-f? */
int csimdjson_is_lower_hex(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* UTF-16 code units of UTF-8 or WTF-8: one a scalar, one more a scalar of four bytes. */
size_t csimdjson_utf16_length(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* Bytes before the first that is a control or not ASCII, or a space behind which another one, one of these or the end
 * stands. */
size_t csimdjson_folded_run(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* Bytes before the first that is not ASCII. */
size_t csimdjson_ascii_run(const uint8_t *text, size_t count) CSIMDJSON_NOEXCEPT;

/* The shortest decimal that reads back as `value` (finite, positive), the closest one if there are several:
 * significand * 10^exponent. */
void csimdjson_shortest(double value, uint64_t *significand, int32_t *exponent) CSIMDJSON_NOEXCEPT;

/* The double nearest to a JSON number token, infinite if it is too large. Independent of the locale. */
double csimdjson_nearest(const uint8_t *token, size_t count) CSIMDJSON_NOEXCEPT;

#if defined(__cplusplus)
}
#endif

#endif
