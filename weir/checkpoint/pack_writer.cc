#include "weir/checkpoint/pack_writer.h"

#include <optional>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/env/mutex.h"

namespace weir::checkpoint {

// One job or store call at a time carries the chunks on (`busy`): a job of the pool encodes what
// waits and hands the bytes to the store; the store's answer posts the next job while there is
// work.
struct PackWriter::Core : std::enable_shared_from_this<PackWriter::Core> {
  Core(env::BlobStore& store, env::Executor& the_pool, const JobFiles& files, Options the_options)
      : pool(the_pool),
        options(std::move(the_options)),
        blob(store.Put(files.Blob(options.name))),
        encoder(options.states, options.key_groups) {}

  void WakeIfIdle() WEIR_REQUIRES(mutex) {
    if (busy) return;
    busy = true;
    pool.Post([self = shared_from_this()] { self->Work(); });
  }

  void Work() {
    std::vector<Chunk> chunks;
    bool last = false;
    {
      const env::MutexLock lock(mutex);
      if (cancelled) return blob.reset();
      chunks.swap(waiting);
      waiting_bytes = 0;
      last = done.has_value();
    }
    for (const Chunk& chunk : chunks)
      encoder.Add(chunk.state, chunk.key_group, chunk.scope, chunk.bytes);
    if (last) ref = encoder.Finish();
    if (const Status readable = last ? CheckFooter() : Status(); !readable.ok())
      return Fail(readable);
    std::string bytes = encoder.Take();
    if (bytes.empty()) return Written(last, Status());
    blob->Append(std::move(bytes), [self = shared_from_this(), last](Status status) {
      self->Written(last, std::move(status));
    });
  }

  // What no reader would take is no checkpoint.
  Status CheckFooter() const {
    const uint64_t bytes = ref.bytes - ref.footer_offset;
    if (bytes <= limits::kPackFooterBytesMax) return {};
    return ResourceExhaustedError("its list of chunks is too long: ", bytes,
                                  " bytes, the limit is ", limits::kPackFooterBytesMax,
                                  "; a higher parallelism makes it shorter");
  }

  void Written(bool last, Status status) {
    if (!status.ok()) return Fail(std::move(status));
    if (last) {
      if (options.answer_early) Finished(Status());
      return blob->Finish(
          [self = shared_from_this()](Status finished) { self->Finished(std::move(finished)); });
    }
    {
      const env::MutexLock lock(mutex);
      if (cancelled) return blob.reset();
      buffered = waiting_bytes + encoder.buffered_bytes();
      busy = false;
      if (!waiting.empty() || done) WakeIfIdle();
    }
    if (options.on_progress) options.on_progress();
  }

  void Finished(Status status) {
    if (!status.ok()) return Fail(std::move(status));
    ref.name = options.name;
    Answer(std::move(ref));
  }

  // Remembers the failure until somebody asks for the result; takes nothing more.
  void Fail(Status status) {
    status = status.Annotated(Concat("write pack ", options.name));
    {
      const env::MutexLock lock(mutex);
      blob.reset();
      failure = status;
      waiting.clear();
      waiting_bytes = buffered = 0;
      if (!done) return;
    }
    Answer(std::move(status));
  }

  void Answer(StatusOr<PackRef> result) {
    env::ResultCallback<PackRef> callback;
    {
      const env::MutexLock lock(mutex);
      if (!done) return;
      callback = std::move(*done);
    }
    callback(std::move(result));
  }

  env::Executor& pool;
  Options options;

  // Of whoever is busy.
  std::unique_ptr<env::BlobWriter> blob;
  PackEncoder encoder;
  PackRef ref;

  env::Mutex mutex;
  std::vector<Chunk> waiting WEIR_GUARDED_BY(mutex);
  size_t waiting_bytes WEIR_GUARDED_BY(mutex) = 0;
  size_t buffered WEIR_GUARDED_BY(mutex) = 0;
  std::optional<env::ResultCallback<PackRef>> done WEIR_GUARDED_BY(mutex);
  Status failure WEIR_GUARDED_BY(mutex);
  bool busy WEIR_GUARDED_BY(mutex) = false;  // stays so after the last work or a failure
  bool cancelled WEIR_GUARDED_BY(mutex) = false;
};

PackWriter::PackWriter(env::BlobStore& store, env::Executor& pool, const JobFiles& files,
                       Options options)
    : core_(std::make_shared<Core>(store, pool, files, std::move(options))) {}

PackWriter::~PackWriter() {
  const env::MutexLock lock(core_->mutex);
  if (core_->done) return;
  core_->cancelled = true;
  if (!core_->busy) core_->blob.reset();  // otherwise whoever is busy does it
}

void PackWriter::Add(Chunk chunk) {
  const env::MutexLock lock(core_->mutex);
  WEIR_CHECK(!core_->done);
  if (!core_->failure.ok()) return;
  core_->waiting_bytes += chunk.bytes.size();
  core_->buffered += chunk.bytes.size();
  core_->waiting.push_back(std::move(chunk));
  core_->WakeIfIdle();
}

void PackWriter::Finish(env::ResultCallback<PackRef> done) {
  const env::MutexLock lock(core_->mutex);
  WEIR_CHECK(!core_->done);
  core_->done = std::move(done);
  if (core_->failure.ok()) return core_->WakeIfIdle();
  core_->pool.Post([core = core_, failure = core_->failure] { core->Answer(failure); });
}

size_t PackWriter::buffered_bytes() const {
  const env::MutexLock lock(core_->mutex);
  return core_->buffered;
}

PackRef InlinePack(std::vector<PackState> states, base::KeyGroupRange key_groups,
                   const std::vector<Chunk>& chunks) {
  PackEncoder encoder(std::move(states), key_groups);
  for (const Chunk& chunk : chunks)
    encoder.Add(chunk.state, chunk.key_group, chunk.scope, chunk.bytes);
  PackRef ref = encoder.Finish();
  ref.inlined = encoder.Take();
  WEIR_CHECK(ref.inlined.size() <= limits::kInlinePackBytesMax);
  return ref;
}

}  // namespace weir::checkpoint
