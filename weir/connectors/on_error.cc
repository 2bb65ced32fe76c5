#include "weir/connectors/on_error.h"

#include "weir/base/limits.h"

namespace weir::connectors {

void PutOut(DeadLetter letter, runtime::Output& output) {
  record::AnyBatch* batch = &output.OpenBatch(kDeadLetterPort);
  if (batch->full()) batch = &output.NextBatch(kDeadLetterPort);
  DeadLetter& row = batch->Rows<DeadLetter>()[batch->size()];
  row = std::move(letter);
  batch->set_size(batch->size() + 1);
  batch->add_heap_bytes(TypeTraits<DeadLetter>::HeapBytes(row));
}

std::string_view LetterText(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.size() > limits::kDeadLetterTextBytesMax)
    return text.substr(0, limits::kDeadLetterTextBytesMax);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace weir::connectors
