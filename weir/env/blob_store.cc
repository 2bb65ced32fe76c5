#include "weir/env/blob_store.h"

#include <algorithm>
#include <string_view>

#include "weir/base/limits.h"

namespace weir::env {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool IsGoodPart(std::string_view part) {
  return !part.empty() && part != "." && part != ".." &&
         std::all_of(part.begin(), part.end(), IsNameCharacter);
}

}  // namespace

Status CheckBlobName(const std::string& name) {
  if (name.size() > limits::kBlobNameBytesMax) {
    return InvalidArgumentError("blob name is longer than ", limits::kBlobNameBytesMax,
                                " bytes: ", name);
  }
  std::string_view rest = name;
  while (true) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (!IsGoodPart(part)) {
      return InvalidArgumentError(
          "blob name has a part that is not made of letters, digits, '.', '_' and '-': '", part,
          "' in '", name, "'");
    }
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace weir::env
