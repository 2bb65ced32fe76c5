#include "tests/simulation/seeds.h"

#include <cstdlib>
#include <utility>

namespace weir::simulation {
namespace {

std::optional<uint64_t> Number(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

Seeds::Seeds()
    : only_(Number("WEIR_SIM_SEED")), count_(Number("WEIR_SIM_SEEDS")), begin_(clock_.Now()) {
  first_ = Number("WEIR_SIM_FIRST_SEED").value_or(1);
  if (const auto budget = Number("WEIR_SIM_BUDGET_SECONDS"))
    budget_ = std::chrono::seconds(*budget);
}

std::optional<uint64_t> Seeds::Next() {
  if (only_) return std::exchange(done_, 1) == 0 ? only_ : std::nullopt;
  const bool enough = count_ ? done_ >= *count_ : clock_.Now() - begin_ > budget_;
  if (enough) return std::nullopt;
  return first_ + done_++;
}

std::string Seeds::HowToReplay(uint64_t seed) const {
  return "seed " + std::to_string(seed) + ": replay it on this commit with ./dev test --seed " +
         std::to_string(seed);
}

}  // namespace weir::simulation
