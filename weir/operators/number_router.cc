#include "weir/operators/number_router.h"

namespace weir::operators {

Status NegativeNumberError(const std::string& place) {
  return InvalidArgumentError("PartitionCustom at ", place,
                              " got a negative number for a record: subtasks count from 0");
}

}  // namespace weir::operators
