#include "weir/connectors/socket_text_source.h"

#include <utility>

#include "weir/base/bytes.h"
#include "weir/connectors/input_file.h"
#include "weir/record/typed_ops.h"

namespace weir::connectors {
namespace {

constexpr std::string_view kSplitId = "socket";
constexpr uint8_t kPositionVersion = 1;  // it says no more: there is no way back

Redial::Options RedialOf(const SocketTextOptions& options) {
  return {.host = options.host,
          .port = options.port,
          .retries_max = options.max_retries,
          .pause = options.retry_pause};
}

runtime::Split TheSplit() {
  base::ByteWriter position;
  position.U8(kPositionVersion);
  return {.id = std::string(kSplitId), .position = position.Take()};
}

class Enumerator final : public runtime::SplitEnumerator {
 public:
  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
    done(runtime::Discovery{.splits = {TheSplit()}});
  }
};

}  // namespace

Status CheckSocketTextOptions(const SocketTextOptions& options) {
  WEIR_RETURN_IF_ERROR(Redial::Check(RedialOf(options)));
  if (options.delimiter.empty())
    return InvalidArgumentError("delimiter: is empty, give the letters that end a line");
  if (options.line_bytes_max == 0 || options.line_bytes_max > limits::kValueBytesMax)
    return InvalidArgumentError("line_bytes_max: is ", options.line_bytes_max,
                                ", give a number from 1 to ", limits::kValueBytesMax);
  return {};
}

const record::TypeOps& SocketTextSource::type() const { return TypeOpsOf<std::string>(); }

std::vector<const record::TypeOps*> SocketTextSource::output_types() const {
  if (options_.on_error == OnError::kDeadLetter) return {&type(), &TypeOpsOf<DeadLetter>()};
  return {&type()};
}

std::unique_ptr<runtime::SplitEnumerator> SocketTextSource::NewEnumerator(env::Env&) const {
  return std::make_unique<Enumerator>();
}

std::unique_ptr<runtime::SourceReader> SocketTextSource::NewReader() const {
  return std::make_unique<SocketTextReader>(options_);
}

SocketTextReader::SocketTextReader(const SocketTextOptions& options)
    : options_(options),
      redial_(RedialOf(options)),
      lines_(options.delimiter, options.line_bytes_max) {}

Status SocketTextReader::Start(const runtime::OperatorContext& context) {
  redial_.Start(context);
  mailbox_ = context.mailbox;
  return {};
}

Status SocketTextReader::AddSplits(std::vector<runtime::Split> splits) {
  for (const runtime::Split& split : splits) {
    base::ByteReader position(split.position);
    if (const uint8_t version = position.U8(); position.ok() && version > kPositionVersion) {
      return FailedPreconditionError("the position of ", redial_.address(),
                                     " was written by a newer Weir (version ", int{version},
                                     "); run that one");
    }
    WEIR_RETURN_IF_ERROR(
        position.Check("the position of a socket", base::ByteReader::Rest::kMustBeEmpty));
    if (split.id != kSplitId)
      return DataLossError("the position of a socket makes no sense: ", split.id);
    has_split_ = true;
  }
  return {};
}

std::vector<runtime::Split> SocketTextReader::Snapshot(base::CheckpointId) {
  if (!has_split_) return {};
  return {TheSplit()};
}

StatusOr<runtime::PollResult> SocketTextReader::Poll(runtime::Output& output) {
  if (!has_split_) return no_more_splits_ ? runtime::PollResult::kEnd : runtime::PollResult::kIdle;
  WEIR_RETURN_IF_ERROR(TakeLines(output));
  if (output.OpenBatch(base::PortIndex(0)).full()) return runtime::PollResult::kMore;
  if (input_over_) {
    finished_.emplace_back(kSplitId);
    has_split_ = false;
    return runtime::PollResult::kMore;
  }
  WEIR_ASSIGN_OR_RETURN(env::ByteStream* const stream, redial_.Stream());
  if (stream != nullptr && !reading_) Read(*stream);
  return runtime::PollResult::kIdle;
}

// All lines that are there, or as many as the batch takes.
Status SocketTextReader::TakeLines(runtime::Output& output) {
  record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
  while (!batch.full()) {
    std::string_view line;
    const StreamLines::Taken taken = lines_.Take(line);
    if (taken == StreamLines::Taken::kNothing) return {};
    ++line_;
    if (taken == StreamLines::Taken::kTooLong) {
      WEIR_RETURN_IF_ERROR(RefuseLine(line, output));
      continue;
    }
    std::string& row = batch.Rows<std::string>()[batch.size()];
    row = line;
    batch.set_size(batch.size() + 1);
    batch.add_heap_bytes(TypeTraits<std::string>::HeapBytes(row));
  }
  return {};
}

Status SocketTextReader::RefuseLine(std::string_view beginning, runtime::Output& output) {
  const std::string problem = Concat("longer than ", options_.line_bytes_max, " bytes");
  if (options_.on_error == OnError::kFail) {
    return InvalidArgumentError(redial_.address(), ", line ", line_,
                                " of the connection: ", problem, ": ", QuotedForMessage(beginning),
                                "; raise line_bytes_max, or skip such lines with on_error");
  }
  ++rows_skipped_;
  if (options_.on_error == OnError::kDeadLetter) {
    PutOut({.file = redial_.address(),
            .line = line_,
            .text = std::string(LetterText(beginning)),
            .reason = problem},
           output);
  }
  return {};
}

// The next bytes are asked for when the lines before them are gone: that is the backpressure.
void SocketTextReader::Read(env::ByteStream& stream) {
  reading_ = true;
  if (connection_ != redial_.number()) line_ = 0;
  connection_ = redial_.number();
  stream.Read([this, mailbox = mailbox_](StatusOr<std::string> bytes) {
    mailbox->Post([this, bytes = std::move(bytes)]() mutable { OnRead(std::move(bytes)); });
  });
}

void SocketTextReader::OnRead(StatusOr<std::string> bytes) {
  reading_ = false;
  if (bytes.ok() && !bytes->empty()) {
    redial_.Works();
    return lines_.Add(*bytes);
  }
  if (!bytes.ok()) {
    lines_.Clear();
    return redial_.Lost(bytes.status());
  }
  lines_.End();
  if (options_.at_end == SocketEnd::kReconnects) return redial_.Again();
  input_over_ = true;
  redial_.Close();
}

}  // namespace weir::connectors
