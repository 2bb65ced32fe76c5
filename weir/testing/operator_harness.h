// OperatorHarness: the verbs of a program on trial, in a few lines and without a job.
//
//   OperatorHarness<Reading, Reading> harness(
//       [](Stream<Reading> in) { return in.KeyBy(&Reading::key).Process<SumPerKey>("sum"); });
//   EXPECT_EQ(harness.Play("+ 1 10 + 1 5 | B 3"), "+ 1 10 + 1 15 | B 3");
//
// The verbs run as in a job: the same operators, driven by the same loop, keys routed to as many
// subtasks as asked for. A snapshot taken at one parallelism can be restored at another.
//
// Pictures. `+ 1 4 @10` is a record with the fields 1 and 4 and, if wanted, its timestamp; `-`,
// `-U` and `+U` are rows of a changelog. Records that follow one another make a batch; `|` ends it.
//   W 12  a watermark               B 3  the barrier of checkpoint 3: takes a snapshot
//   E     the end of the input      C 3  checkpoint 3 is complete
// A text with spaces, or without letters, stands in quotes. What comes out is a picture too; it
// ends with `error: …` when the job would have failed.
// Errors: mistakes of the program, and whatever fails the job, are in the Status of a call, or the
//   end of its picture.
// Threads: one caller at a time; everything happens inside the calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/api/pipeline.h"
#include "weir/record/csv.h"
#include "weir/record/typed_ops.h"
#include "weir/testing/harness_chain.h"
#include "weir/testing/picture.h"

namespace weir::testing {

template <class In, class Out>
class OperatorHarness {
 public:
  /// `verbs` gets a stream and returns what it makes of it: one line of verbs with one end.
  explicit OperatorHarness(std::function<Stream<Out>(Stream<In>)> verbs,
                           const HarnessOptions& options = {}) {
    api::Program program({});
    verbs(Stream<In>(program, AddHarnessSource(program, TypeOpsOf<In>())));
    chain_ = std::make_unique<HarnessChain>(program, options);
  }

  /// Begins with the state of `snapshot`, taken at any parallelism.
  /// Shapes: before the first Play, Feed or AdvanceProcessingTime; checked.
  /// Errors: DataLoss and FailedPrecondition, as the operators' own.
  Status Restore(const HarnessSnapshot& snapshot) { return chain_->Restore(snapshot); }

  /// Plays a picture and returns the picture of what came out, up to the first error.
  std::string Play(std::string_view picture) {
    const StatusOr<std::vector<PictureElement>> elements =
        ParsePicture(picture, record::CsvColumns<In>().size());
    Status status = elements.status();
    for (size_t i = 0; status.ok() && i < elements->size(); ++i)
      status = PlayElement((*elements)[i]);
    if (status.ok()) status = Flush();
    return Shown(status);
  }

  /// Gives the operators one batch of records, and returns what came out.
  /// Errors: as the job's: those of user functions with the operator's name in front.
  StatusOr<std::vector<Out>> Feed(const std::vector<In>& records) {
    for (const In& record : records) {
      WEIR_RETURN_IF_ERROR(Append(record, record::kNoTimestamp, record::RowKind::kInsert));
    }
    WEIR_RETURN_IF_ERROR(Flush());
    std::vector<Out> out;
    for (const HarnessOutput& output : chain_->TakeOutputs()) {
      const record::AnyBatch* batch = output.batch.get();
      if (batch != nullptr)
        out.insert(out.end(), batch->Rows<Out>(), batch->Rows<Out>() + batch->size());
    }
    return out;
  }

  /// Fires the timers of processing time that are due at `unix_ms`, and returns the picture of what
  /// came out.
  std::string AdvanceProcessingTime(int64_t unix_ms) {
    return Shown(chain_->AdvanceProcessingTime(unix_ms));
  }

  /// The snapshot of the last barrier; empty before the first.
  const HarnessSnapshot& snapshot() const { return chain_->snapshot(); }

 private:
  Status PlayElement(const PictureElement& element) {
    if (element.kind != PictureElement::Kind::kRow) {
      WEIR_RETURN_IF_ERROR(Flush());
      return chain_->Play(element);
    }
    In record{};
    size_t field = 0;
    for (const record::CsvColumn<In>& column : record::CsvColumns<In>()) {
      const std::string& text = element.fields[field++];
      if (!column.parse(text, record)) {
        return InvalidArgumentError("\"", text, "\" is not ", column.expected, " for ",
                                    column.name);
      }
    }
    return Append(record, element.timestamp, element.row_kind);
  }

  Status Append(const In& record, Timestamp timestamp, record::RowKind kind) {
    if (batch_ != nullptr && batch_->full()) WEIR_RETURN_IF_ERROR(Flush());
    if (batch_ == nullptr) batch_ = std::make_unique<record::AnyBatch>(TypeOpsOf<In>());
    const uint32_t row = batch_->size();
    if (timestamp != record::kNoTimestamp) batch_->AddTimestamps();
    if (kind != record::RowKind::kInsert) batch_->AddKinds();
    batch_->Rows<In>()[row] = record;
    if (batch_->timestamps() != nullptr) batch_->timestamps()[row] = timestamp;
    if (batch_->kinds() != nullptr) batch_->kinds()[row] = kind;
    batch_->add_heap_bytes(TypeTraits<In>::HeapBytes(record));
    batch_->set_size(row + 1);
    return {};
  }

  Status Flush() { return batch_ == nullptr ? Status() : chain_->Feed(std::move(batch_)); }

  std::string Shown(const Status& status) {
    PicturePrinter picture;
    for (const HarnessOutput& output : chain_->TakeOutputs()) {
      if (output.batch == nullptr) picture.AddElement(output.control);
      for (uint32_t row = 0; output.batch != nullptr && row < output.batch->size(); ++row) {
        picture.AddRow(*output.batch, row, FieldsOf(*output.batch, row));
      }
    }
    if (!status.ok()) picture.AddElement(Concat("error: ", status.message()));
    return std::move(picture).Take();
  }

  static std::vector<std::string> FieldsOf(const record::AnyBatch& batch, uint32_t row) {
    std::vector<std::string> fields;
    for (const record::CsvColumn<Out>& column : record::CsvColumns<Out>()) {
      column.append(batch.Rows<Out>()[row], fields.emplace_back());
    }
    if (fields.empty()) batch.type().AppendJson(batch, row, fields.emplace_back());
    return fields;
  }

  std::unique_ptr<HarnessChain> chain_;
  record::BatchPtr batch_;  // being filled
};

}  // namespace weir::testing
