// OutputTag: names a side output of a process function.
//
//   static constexpr weir::OutputTag<Late> kLate{"late"};
//   ...
//   context.Output(kLate, Late{...});                       // in the function
//   counts.SideOutput(CountPerPage::kLate).WriteCsv("late");  // in the program
//
// What a function gives to a tag that nobody reads is dropped.
// Threads: immutable.
#pragma once

#include <string_view>

namespace weir {
inline namespace v0 {

template <class U>
class OutputTag {
 public:
  /// Shapes: `name` outlives the tag and is unique among the tags of a function.
  constexpr explicit OutputTag(std::string_view name) : name_(name) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace v0
}  // namespace weir
