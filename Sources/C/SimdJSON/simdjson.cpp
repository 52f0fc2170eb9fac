#include "CSimdJSON.h"

#include <algorithm>
#include <memory>
#include <new>

#include <simdjson.h>

static_assert(CSIMDJSON_PADDING >= simdjson::SIMDJSON_PADDING, "texts are padded for simdjson");
/* Older ones take a high surrogate with any escape behind it for a pair. */
static_assert(simdjson::SIMDJSON_VERSION_MAJOR >= 3, "simdjson 3.0 or newer is needed");

struct csimdjson_parser {
  simdjson::dom::parser parser;
  size_t maximum_depth;
  std::unique_ptr<uint32_t[]> positions;
  size_t positions_capacity = 0;

  explicit csimdjson_parser(size_t depth) noexcept : maximum_depth(depth) {}
};

namespace {

/* How many words the thing takes that starts with a byte: separators none, numbers two. */
struct Steps {
  uint8_t of[256];
  constexpr Steps() : of() {
    for (int byte = 0; byte < 256; byte++) of[byte] = 1;
    for (int digit = '0'; digit <= '9'; digit++) of[digit] = 2;
    of[static_cast<int>('-')] = 2;
    of[static_cast<int>(',')] = 0;
    of[static_cast<int>(':')] = 0;
  }
};
constexpr Steps steps;

bool reserve(csimdjson_parser &self, size_t count) {
  if (count <= self.parser.capacity() && count <= self.parser.doc.capacity()) return true;
  /* Records of slowly growing length would otherwise allocate anew each time. */
  const size_t capacity = std::min<size_t>(
    std::max<size_t>({count, self.parser.capacity() * 2, 65536}), simdjson::SIMDJSON_MAXSIZE_BYTES);
  return self.parser.allocate(capacity, self.maximum_depth) == simdjson::SUCCESS &&
         self.parser.doc.allocate(capacity) == simdjson::SUCCESS;
}

/* Walks the structural characters and the tape side by side: both are in the order of the text. */
bool add_positions(csimdjson_parser &self, const uint8_t *text) {
  const uint64_t *words = self.parser.doc.tape.get();
  const size_t word_count = size_t(words[0] & 0x00ffffffffffffff);
  if (word_count + 2 > self.positions_capacity) {
    const size_t capacity = std::max(word_count + 2, self.positions_capacity * 2);
    self.positions.reset(new (std::nothrow) uint32_t[capacity]);
    self.positions_capacity = self.positions ? capacity : 0;
    if (!self.positions) return false;
  }
  uint32_t *positions = self.positions.get();
  const uint32_t *structurals = self.parser.implementation->structural_indexes.get();
  const size_t structural_count = self.parser.implementation->n_structural_indexes;
  positions[0] = 0;
  size_t word = 1;
  for (size_t i = 0; i < structural_count; i++) {
    const uint32_t place = structurals[i];
    positions[word] = place;  /* a separator's is overwritten by what follows it */
    word += steps.of[text[place]];
  }
  return true;
}

}  // namespace

extern "C" csimdjson_parser *csimdjson_create(size_t maximum_depth) noexcept {
  return new (std::nothrow) csimdjson_parser(maximum_depth);
}

extern "C" void csimdjson_destroy(csimdjson_parser *parser) noexcept { delete parser; }

extern "C" int csimdjson_parse(
  csimdjson_parser *parser, const uint8_t *text, size_t count, csimdjson_tape *tape) noexcept {
  /* Newer versions of simdjson skip a byte order mark. */
  if (count == 0 || text[0] == 0xef) return CSIMDJSON_REFUSED;
  if (!reserve(*parser, count)) return CSIMDJSON_NO_MEMORY;
  const simdjson::error_code error = parser->parser.parse(text, count, false).error();
  if (error == simdjson::MEMALLOC) return CSIMDJSON_NO_MEMORY;
  if (error != simdjson::SUCCESS) return CSIMDJSON_REFUSED;
  if (!add_positions(*parser, text)) return CSIMDJSON_NO_MEMORY;
  tape->words = parser->parser.doc.tape.get();
  tape->strings = parser->parser.doc.string_buf.get();
  tape->positions = parser->positions.get();
  tape->text = text;
  tape->text_count = count;
  return CSIMDJSON_PARSED;
}

extern "C" int csimdjson_is_utf8(const uint8_t *text, size_t count) noexcept {
  return simdjson::validate_utf8(reinterpret_cast<const char *>(text), count) ? 1 : 0;
}
