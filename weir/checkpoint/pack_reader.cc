#include "weir/checkpoint/pack_reader.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "weir/base/checksum.h"
#include "weir/base/limits.h"

namespace weir::checkpoint {
namespace {

bool Wants(const std::vector<PackWant>& wants, const PackIndex& index,
           const PackIndex::Entry& entry) {
  const std::string& uid = index.states[entry.state].operator_uid;
  return std::ranges::any_of(wants, [&](const PackWant& want) {
    return want.operator_uid == uid && want.key_groups.Contains(entry.key_group);
  });
}

std::string NameOf(const PackRef& pack) {
  return pack.name.empty() ? "pack inlined in the record" : Concat("pack ", pack.name);
}

// Get of a range of a pack, from the store or from the record; a short answer is DataLoss.
void GetExactly(env::BlobStore& store, const JobFiles& files, const PackRef& pack, uint64_t offset,
                uint64_t size, env::ResultCallback<std::string> done) {
  if (pack.name.empty())
    return done(pack.inlined.substr(static_cast<size_t>(offset), static_cast<size_t>(size)));
  store.Get(files.Blob(pack.name), offset, size,
            [offset, size, done = std::move(done)](StatusOr<std::string> bytes) mutable {
              if (bytes.ok() && bytes->size() != size) {
                bytes = DataLossError("is cut short: ", bytes->size(), " bytes at offset ", offset,
                                      " instead of ", size);
              }
              done(std::move(bytes));
            });
}

// What the last bytes of a pack say, from the footer on.
StatusOr<PackIndex> IndexOf(const PackRef& pack, std::string_view tail) {
  const std::string_view footer = tail.substr(0, tail.size() - kPackTrailerBytes);
  WEIR_ASSIGN_OR_RETURN(const PackTrailer trailer,
                        PackTrailer::Decode(tail.substr(footer.size()), pack.bytes));
  if (trailer.footer_offset != pack.footer_offset ||
      trailer.footer_checksum != pack.footer_checksum)
    return DataLossError("is not the one that the record means: its trailer differs");
  if (base::ChecksumOf(footer) != pack.footer_checksum) return DataLossError("footer is damaged");
  return PackIndex::Decode(footer, pack.footer_offset);
}

// One reading of one pack: header, tail (footer and trailer), then block by block. It owns itself
// through the call that is under way.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(env::BlobStore& store, JobFiles files, PackReading reading, env::StatusCallback done)
      : store_(store),
        files_(std::move(files)),
        pack_(std::move(reading.pack)),
        wants_(std::move(reading.wants)),
        sink_(std::move(reading.sink)),
        window_(std::move(reading.window)),
        done_(std::move(done)) {}

  void Begin() {
    if (const Status sound = CheckPackShape(pack_); !sound.ok()) return End(sound);
    GetExactly(
        store_, files_, pack_, 0, kPackHeaderBytes,
        [self = shared_from_this()](StatusOr<std::string> header) { self->OnHeader(header); });
  }

 private:
  void OnHeader(const StatusOr<std::string>& header) {
    if (!header.ok()) return End(header.status());
    if (const Status sound = CheckPackHeader(*header); !sound.ok()) return End(sound);
    GetExactly(store_, files_, pack_, pack_.footer_offset, pack_.bytes - pack_.footer_offset,
               [self = shared_from_this()](StatusOr<std::string> tail) { self->OnTail(tail); });
  }

  void OnTail(const StatusOr<std::string>& tail) {
    if (!tail.ok()) return End(tail.status());
    StatusOr<PackIndex> index = IndexOf(pack_, *tail);
    if (!index.ok()) return End(index.status());
    index_ = *std::move(index);
    Run();
  }

  // Hands chunks to the sink until a block must be fetched or all is done.
  void Run() {
    for (; entry_ < index_.entries.size(); ++entry_) {
      const PackIndex::Entry& entry = index_.entries[entry_];
      if (!Wants(wants_, index_, entry)) continue;
      if (!Fill(entry)) return;  // OnBlock goes on
      Chunk chunk{entry.state, entry.key_group, entry.scope, std::exchange(bytes_, {})};
      const Status taken = sink_(index_.states[entry.state], std::move(chunk));
      if (!taken.ok()) return End(taken);
    }
    End(Status());
  }

  // Takes what is missing of the chunk's bytes; false when a block had to be asked for.
  bool Fill(const PackIndex::Entry& entry) {
    while (bytes_.size() < entry.bytes) {
      // Blocks lie without gaps.
      const uint64_t offset = kPackHeaderBytes + entry.offset + bytes_.size();
      if (offset < block_offset_ || offset >= block_offset_ + block_.size()) {
        AskFor(*std::prev(
            std::ranges::upper_bound(index_.blocks, offset, {}, &PackIndex::Block::offset)));
        return false;
      }
      bytes_ +=
          std::string_view(block_).substr(offset - block_offset_, entry.bytes - bytes_.size());
    }
    return true;
  }

  // What is held of the chunk at hand, the block, and the block once more as chunks that are cut
  // from it.
  void AskFor(const PackIndex::Block& block) {
    if (window_ == nullptr) return FetchBlock(block);
    block_ = {};
    window_->WaitForRoom(bytes_.size() + 2 * block.bytes,
                         [self = shared_from_this(), &block] { self->FetchBlock(block); });
  }

  void FetchBlock(const PackIndex::Block& block) {
    GetExactly(store_, files_, pack_, block.offset, block.bytes,
               [self = shared_from_this(), &block](StatusOr<std::string> bytes) {
                 self->OnBlock(block, std::move(bytes));
               });
  }

  void OnBlock(const PackIndex::Block& block, StatusOr<std::string> bytes) {
    if (!bytes.ok()) return End(bytes.status());
    if (base::ChecksumOf(*bytes) != block.checksum) {
      return End(DataLossError("the block at offset ", block.offset,
                               " is damaged: its checksum is wrong"));
    }
    block_ = *std::move(bytes);
    block_offset_ = block.offset;
    Run();
  }

  void End(const Status& status) { done_(status.Annotated(Concat("read ", NameOf(pack_)))); }

  env::BlobStore& store_;
  const JobFiles files_;
  const PackRef pack_;
  const std::vector<PackWant> wants_;
  ChunkSink sink_;
  const std::shared_ptr<ChunkWindow> window_;  // owners: readings, and chunks under way
  env::StatusCallback done_;

  PackIndex index_;
  size_t entry_ = 0;   // of the chunk at hand
  std::string bytes_;  // of that chunk, as far as they are there
  std::string block_;  // the block at hand
  uint64_t block_offset_ = 0;
};

// Reads a pack from its first to its last byte and compares the checksum of the whole.
class Verification : public std::enable_shared_from_this<Verification> {
 public:
  Verification(env::BlobStore& store, JobFiles files, PackRef pack, env::StatusCallback done)
      : store_(store), files_(std::move(files)), pack_(std::move(pack)), done_(std::move(done)) {}

  void Begin() {
    if (const Status sound = CheckPackShape(pack_); !sound.ok()) return End(sound);
    Next();
  }

 private:
  void Next() {
    const uint64_t size = std::min<uint64_t>(pack_.bytes - offset_, limits::kPackBlockBytesMax);
    if (size == 0)
      return End(checksum_.value() == pack_.checksum
                     ? Status()
                     : DataLossError("is damaged: its checksum is wrong"));
    GetExactly(store_, files_, pack_, offset_, size,
               [self = shared_from_this()](StatusOr<std::string> bytes) {
                 if (!bytes.ok()) return self->End(bytes.status());
                 self->checksum_.Add(*bytes);
                 self->offset_ += bytes->size();
                 self->Next();
               });
  }

  void End(const Status& status) { done_(status.Annotated(Concat("verify ", NameOf(pack_)))); }

  env::BlobStore& store_;
  const JobFiles files_;
  const PackRef pack_;
  env::StatusCallback done_;
  uint64_t offset_ = 0;
  base::Checksum checksum_;
};

}  // namespace

void ReadPack(env::BlobStore& store, const JobFiles& files, PackReading reading,
              env::StatusCallback done) {
  std::make_shared<Reading>(store, files, std::move(reading), std::move(done))->Begin();
}

void ReadPackIndex(env::BlobStore& store, const JobFiles& files, PackRef pack,
                   env::ResultCallback<PackIndex> done) {
  const Status sound = CheckPackShape(pack);
  if (!sound.ok()) return done(sound.Annotated(Concat("read ", NameOf(pack))));
  const uint64_t offset = pack.footer_offset;
  const uint64_t size = pack.bytes - offset;
  GetExactly(store, files, pack, offset, size,
             [read = pack, done = std::move(done)](const StatusOr<std::string>& tail) mutable {
               StatusOr<PackIndex> index =
                   tail.ok() ? IndexOf(read, *tail) : StatusOr<PackIndex>(tail.status());
               if (!index.ok()) index = index.status().Annotated(Concat("read ", NameOf(read)));
               done(std::move(index));
             });
}

void VerifyPack(env::BlobStore& store, const JobFiles& files, PackRef pack,
                env::StatusCallback done) {
  std::make_shared<Verification>(store, files, std::move(pack), std::move(done))->Begin();
}

}  // namespace weir::checkpoint
