#include "weir/cli/cure.h"

#include "weir/cli/console.h"

namespace weir::cli {
namespace {

constexpr const char* kFindWhole =
    "`checkpoints verify` names what is damaged. Put it back from a copy, or start from an older "
    "checkpoint that is whole: run --from ID";

}  // namespace

std::string CureOf(const Status& status) {
  if (!SplitCure(status.message()).cure.empty()) return {};
  switch (status.code()) {
    case StatusCode::kPermissionDenied:
      return "give this user the right to, and run it again";
    case StatusCode::kResourceExhausted:
      return "free what has run out, and run it again";
    case StatusCode::kDataLoss:
      return kFindWhole;
    default:
      return {};
  }
}

}  // namespace weir::cli
