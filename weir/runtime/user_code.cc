#include "weir/runtime/user_code.h"

#include <exception>
#include <new>

namespace weir::runtime::internal {

Status StatusOfCurrentException() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return ResourceExhaustedError("out of memory in a user function");
  } catch (const std::exception& exception) {
    return UnknownError("exception in a user function: ", exception.what());
  } catch (...) {
    return UnknownError("exception in a user function that is not a std::exception");
  }
}

}  // namespace weir::runtime::internal
