// The lines of text files as records of type std::string.
//
// A line is its bytes, whatever they are: without its end (\n or \r\n), empty ones too. A byte
// order mark at the beginning of a file is skipped.
// Threads: as FileFormat.
#pragma once

#include <memory>

#include "weir/connectors/file_source.h"

namespace weir {
inline namespace v0 {

/// What ReadText reads, and how.
using TextSourceOptions = FileSourceOptions;

}  // namespace v0

namespace connectors {

class TextFormat final : public FileFormat {
 public:
  std::string_view name() const override { return "text"; }
  std::string_view kind() const override { return "text-source"; }
  std::string_view name_end() const override { return ".txt"; }
  const record::TypeOps& type() const override;
  StatusOr<FileHead> ReadHead(const env::ReadableFile& file, const std::string& path,
                              uint64_t file_bytes) const override;
  std::unique_ptr<RecordParser> NewParser(const FileHead& head, FileRange range) const override;
};

std::shared_ptr<const FileSource> NewTextSource(TextSourceOptions options);

}  // namespace connectors
}  // namespace weir
