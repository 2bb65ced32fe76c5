// FileReading: plays the job around one source of files, for the tests of this folder.
// Threads: the world's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connectors/file_source.h"
#include "weir/connectors/machine_test.h"
#include "weir/connectors/row_form.h"

namespace weir::connectors {

using Rows = std::vector<std::string>;

// A job's source on a machine of its own: finds splits, reads, is killed and restored.
class FileReading {
 public:
  struct Format {
    std::shared_ptr<const FileSource> (*source)(FileSourceOptions);
    RowForm form;  // in which rows are shown
  };

  /// `text` is what "in/t.csv", or the file that the options name, holds.
  FileReading(Format format, std::string_view text, FileSourceOptions options,
              sim::Options world = sim::CalmOptions(1))
      : format_(format),
        machine_(std::move(world)),
        options_(std::move(options)),
        types_(format_.source(options_)->output_types()) {
    WEIR_CHECK(machine_.files().MakeDirectories("in").ok());
    machine_.Write("in/t.csv", text);
    NewReader();
  }

  Machine& machine() { return machine_; }
  runtime::SourceReader& reader() { return *reader_; }
  FileSourceOptions& options() { return options_; }
  /// All that were put out, of restored readers too.
  const std::vector<DeadLetter>& letters() const { return letters_; }

  Status Discover() {
    auto found = FindFileSplits(machine_.files(), options_, format_.source({})->format());
    if (!found.ok()) return found.status();
    return reader_->AddSplits(*std::move(found));
  }

  // A new attempt that goes on from a snapshot.
  Status Restore(std::vector<runtime::Split> splits) {
    NewReader();
    return reader_->AddSplits(std::move(splits));
  }

  // Polls until nothing is left, or `polls` times; the rows as lines.
  StatusOr<Rows> Read(uint32_t polls = UINT32_MAX) {
    Rows rows;
    reader_->NoMoreSplits();
    for (uint32_t i = 0; i < polls; ++i) {
      WEIR_ASSIGN_OR_RETURN(const runtime::PollResult result, reader_->Poll(output_));
      Take(rows);
      if (result == runtime::PollResult::kEnd) break;
      if (result == runtime::PollResult::kIdle) machine_.world().RunFor(reader_->PollAgainAfter());
    }
    return rows;
  }

  // All rows of the input.
  StatusOr<Rows> ReadAll() {
    WEIR_RETURN_IF_ERROR(Discover());
    return Read();
  }

  std::string ErrorOf(const StatusOr<Rows>& rows, StatusCode code) {
    EXPECT_FALSE(rows.ok());
    EXPECT_EQ(rows.status().code(), code);
    return std::string(rows.status().message());
  }

 private:
  void NewReader() {
    reader_ = format_.source(options_)->NewReader();
    runtime::OperatorContext context;
    context.env = &machine_.env();
    WEIR_CHECK(reader_->Start(context).ok());
  }
  void Take(Rows& rows) {
    while (record::BatchPtr batch =
               output_.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      for (uint32_t row = 0; row < batch->size(); ++row) {
        WEIR_CHECK(AppendRow(format_.form, *batch, row, rows.emplace_back()).ok());
        rows.back().pop_back();
      }
      output_.Recycle(base::PortIndex(0), std::move(batch));
    }
    if (output_.ports() == 1) return;
    while (record::BatchPtr batch =
               output_.TakeBatch(kDeadLetterPort, runtime::Output::Take::kAny)) {
      for (uint32_t row = 0; row < batch->size(); ++row)
        letters_.push_back(batch->Rows<DeadLetter>()[row]);
      output_.Recycle(kDeadLetterPort, std::move(batch));
    }
  }

  const Format format_;
  Machine machine_;
  FileSourceOptions options_;
  const std::vector<const record::TypeOps*> types_;
  runtime::Output output_{types_};
  std::vector<DeadLetter> letters_;
  std::unique_ptr<runtime::SourceReader> reader_;
};

}  // namespace weir::connectors
