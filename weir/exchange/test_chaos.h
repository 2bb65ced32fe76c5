// A Chaos for tests: yes to the names it was given, no to all others.
// Threads: any thread.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/env.h"

namespace weir::exchange {

class TestChaos final : public env::Chaos {
 public:
  TestChaos() = default;
  TestChaos(std::initializer_list<std::string> names) : names_(names) {}
  bool Buggify(std::string_view name) override { return Has(name); }
  bool Mutant(std::string_view name) override { return Has(name); }

 private:
  bool Has(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }
  const std::vector<std::string> names_;
};

}  // namespace weir::exchange
