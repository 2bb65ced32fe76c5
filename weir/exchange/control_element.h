// Between ControlElement and StreamElement, which hold the same five kinds, and what channels ask
// of them.
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

/// Whether a variant of elements holds a barrier that overtakes.
template <class Element>
bool IsUnalignedBarrier(const Element& element) {
  const auto* barrier = std::get_if<record::Barrier>(&element);
  return barrier != nullptr && barrier->mode == record::CheckpointMode::kUnaligned;
}

}  // namespace weir::exchange
