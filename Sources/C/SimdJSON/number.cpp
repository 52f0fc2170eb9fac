#include "CSimdJSON.h"

#include <charconv>
#include <limits>

extern "C" void csimdjson_shortest(double value, uint64_t *significand, int32_t *exponent) noexcept {
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  uint64_t digits = 0;
  int32_t fraction_digits = 0;
  bool in_fraction = false;
  const char *next = text;
  for (; next < end.ptr && *next != 'e'; next++) {
    if (*next == '.') {
      in_fraction = true;
    } else {
      digits = digits * 10 + static_cast<uint64_t>(*next - '0');
      fraction_digits += in_fraction ? 1 : 0;
    }
  }
  int32_t power = 0;
  if (next < end.ptr) {
    next += next[1] == '+' ? 2 : 1; /* from_chars takes no plus sign */
    std::from_chars(next, end.ptr, power);
  }
  *significand = digits;
  *exponent = power - fraction_digits;
}

namespace {

/* Is a token that no double holds too large, rather than too near to zero? Its exponent may not fit anything. */
bool is_huge(const char *token, const char *end) {
  long long leading = 0; /* digits before the point from the first nonzero one, or minus the zeros behind it */
  bool nonzero = false;
  bool in_fraction = false;
  for (; token < end && *token != 'e' && *token != 'E'; token++) {
    if (*token == '.') in_fraction = true;
    if (*token < '0' || *token > '9') continue;
    if (*token != '0') nonzero = true;
    if (nonzero && !in_fraction) leading += 1;
    if (!nonzero && in_fraction) leading -= 1;
  }
  if (!nonzero) return false;
  if (token == end) return leading > 0;
  token += 1;
  const bool negative = token < end && *token == '-';
  if (token < end && (*token == '-' || *token == '+')) token += 1;
  long long power = 0;
  for (; token < end && power < 1000000000000; token++) power = power * 10 + (*token - '0');
  return (negative ? -power : power) + leading > 0;
}

}  // namespace

extern "C" double csimdjson_nearest(const uint8_t *token, size_t count) noexcept {
  const char *start = reinterpret_cast<const char *>(token);
  double value = 0;
  const std::from_chars_result result = std::from_chars(start, start + count, value);
  if (result.ec != std::errc::result_out_of_range) return value;
  const double magnitude = is_huge(start, start + count) ? std::numeric_limits<double>::infinity() : 0.0;
  return *start == '-' ? -magnitude : magnitude;
}
