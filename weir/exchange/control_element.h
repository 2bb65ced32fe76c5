// Between ControlElement and StreamElement, which hold the same five kinds.
// Threads: pure.
#pragma once

#include <type_traits>
#include <variant>

#include "weir/base/check.h"
#include "weir/record/stream_element.h"

namespace weir::exchange {

inline record::StreamElement ElementOf(const record::ControlElement& control) {
  return std::visit([](const auto& kind) { return record::StreamElement(kind); }, control);
}

/// Shapes: `element` is not a batch.
inline record::ControlElement ControlOf(const record::StreamElement& element) {
  return std::visit(
      [](const auto& kind) -> record::ControlElement {
        if constexpr (std::is_same_v<decltype(kind), const record::BatchPtr&>) {
          base::CheckFailed(__FILE__, __LINE__, "the element is a control element");
        } else {
          return kind;
        }
      },
      element);
}

}  // namespace weir::exchange
