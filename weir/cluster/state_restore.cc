#include "weir/cluster/state_restore.h"

#include <utility>

#include "weir/checkpoint/pack_reader.h"

namespace weir::cluster {

StateRestore::StateRestore(Options options)
    : store_(options.store),
      files_(options.files),
      segments_(std::move(options.segments)),
      take_(std::move(options.take)),
      done_(std::move(options.done)),
      window_(std::make_shared<checkpoint::ChunkWindow>(options.bytes_max)) {}

void StateRestore::Begin(Options options) {
  std::make_shared<StateRestore>(std::move(options))->Next();
}

void StateRestore::Next() {
  if (next_ == segments_.size()) return done_(Status());
  const proto::Segment& segment = segments_[next_++];
  const base::KeyGroupRange groups{base::KeyGroup(segment.first_key_group()),
                                   base::KeyGroup(segment.end_key_group())};
  const std::shared_ptr<StateRestore> self = shared_from_this();
  checkpoint::ReadPack(
      store_, files_,
      {.pack = FromProto(segment.pack()),
       .wants = {{segment.uid(), groups}},
       .sink = [self](const checkpoint::PackState& state, checkpoint::Chunk chunk) -> Status {
         checkpoint::ChunkWindow::Place place = self->window_->Put(chunk.bytes.size());
         self->take_(state, std::move(chunk.bytes),
                     [place = std::move(place)]() mutable { place.Free(); });
         return {};
       },
       .window = window_},
      [self](Status status) {
        // A store knows of no damage there; for the job it is one, and trying again finds no more.
        if (status.code() == StatusCode::kNotFound) status = DataLossError(status.message());
        if (!status.ok()) return self->done_(std::move(status));
        self->Next();
      });
}

}  // namespace weir::cluster
