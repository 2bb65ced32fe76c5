#include "weir/operators/key_hasher.h"

namespace weir::operators {

Status NanKeyError(const std::string& place) {
  return InvalidArgumentError(
      "a key is NaN, which equals nothing, not even itself: filter such records out before KeyBy, "
      "or let its selector return another value; KeyBy at ",
      place);
}

}  // namespace weir::operators
