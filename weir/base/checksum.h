// The checksum of every block and file that Weir writes: XXH3, 64 bits, seed 0. It finds flipped
// and missing bytes, not malice.
// Threads: pure; a Checksum object has one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace weir::base {

uint64_t ChecksumOf(std::string_view bytes);

/// The checksum of bytes that come in pieces; equals ChecksumOf of all of them in one.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  void Add(std::string_view bytes);
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::base
