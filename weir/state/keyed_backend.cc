#include "weir/state/keyed_backend.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"

namespace weir::state {

KeyedBackend::KeyedBackend(Options options)
    : options_(std::move(options)),
      loads_(options_.load != nullptr),
      states_{.uid = options_.uid, .key = options_.key.schema, .states = {}},
      layout_(options_.key.inline_bytes) {}

StatusOr<StateCell> KeyedBackend::Declare(const StateDescriptor& state, const ValueOps& value) {
  const auto same = std::ranges::find(states_.states, state.name, &StateDescriptor::name);
  auto index = static_cast<uint16_t>(same - states_.states.begin());
  if (same != states_.states.end() && *same != state) {
    return InvalidArgumentError("state \"", NameOf(index), "\" is declared twice: as ",
                                StateKindName(same->kind), " state of ", same->value.ToString(),
                                " and as ", StateKindName(state.kind), " state of ",
                                state.value.ToString());
  }
  if (same == states_.states.end()) {
    if (is_open()) {
      return FailedPreconditionError("state \"", options_.uid, ".", state.name,
                                     "\" is declared after Open: declare it there");
    }
    if (state.name.empty()) {
      return InvalidArgumentError("a state of \"", options_.uid, "\" has no name");
    }
    if (index == limits::kStatesPerOperatorMax) {
      return InvalidArgumentError("\"", options_.uid, "\" has more than ",
                                  limits::kStatesPerOperatorMax, " states: \"", state.name,
                                  "\" is too many; put several fields into one record");
    }
    states_.states.push_back(state);
    values_.push_back(value);
    layout_.AddState(value.inline_bytes);
  }
  return StateCell{.backend = this,
                   .offset = layout_.offsets[index],
                   .index = index,
                   .mask = static_cast<uint16_t>(1u << index)};
}

void KeyedBackend::Open() {
  WEIR_CHECK(!is_open());
  table_.emplace(KeyedTable::Options{.groups = options_.groups,
                                     .max_parallelism = options_.max_parallelism,
                                     .hash_seed = options_.hash_seed,
                                     .key = options_.key,
                                     .layout = layout_,
                                     .values = values_,
                                     .faults = options_.faults,
                                     .pool = options_.pool,
                                     .first_generation = options_.first_generation,
                                     .whole_value_bytes_max = options_.whole_value_bytes_max,
                                     .deletions_matter = options_.deletions_matter});
}

// The first write of a key. After an error there is no row, and writes have no effect.
Row* KeyedBackend::MakeRow() {
  if (key_ == nullptr) {
    Fail(FailedPreconditionError(
        "keyed state is written outside of a record: it belongs to the key that is processed"));
    return nullptr;
  }
  row_ = options_.key.find_or_insert(*table_, hash_, key_);
  if (row_ != nullptr) table_->BeforeWrite(row_, hash_);
  return row_;
}

void KeyedBackend::AssignBytes(const StateCell& cell, std::string_view bytes) {
  if (bytes.size() > limits::kValueBytesMax) {
    return Fail(ResourceExhaustedError("state \"", NameOf(cell.index), "\": value longer than ",
                                       limits::kValueBytesMax, " bytes: ", bytes.size()));
  }
  Row* row = RowForWrite();
  if (row == nullptr) return;
  table_->AssignBytes(row, hash_, cell.index, bytes);
  table_->SetPresent(row, cell.index);
}

void KeyedBackend::AppendElement(const StateCell& cell, std::string_view element) {
  uint32_t count = 1;
  const size_t before = Has(cell) ? BytesOf(cell).size() : sizeof count;
  if (before + element.size() > limits::kValueBytesMax) {
    return Fail(ResourceExhaustedError("state \"", NameOf(cell.index), "\": list longer than ",
                                       limits::kValueBytesMax, " bytes"));
  }
  Row* row = RowForWrite();
  if (row == nullptr) return;
  if (!Has(cell)) {
    table_->AssignBytes(row, hash_, cell.index, {reinterpret_cast<char*>(&count), sizeof count});
    table_->AppendBytes(row, hash_, cell.index, element);
    return table_->SetPresent(row, cell.index);
  }
  table_->AppendBytes(row, hash_, cell.index, element);
  char* head = row->BlockAt(cell.offset)->data();
  std::memcpy(&count, head, sizeof count);
  ++count;
  std::memcpy(head, &count, sizeof count);
}

void KeyedBackend::PutInMap(const StateCell& cell, std::string_view key, std::string_view value) {
  if (key.size() + value.size() > limits::kMapItemBytesMax) {
    return Fail(ResourceExhaustedError("state \"", NameOf(cell.index), "\": item longer than ",
                                       limits::kMapItemBytesMax,
                                       " bytes: ", key.size() + value.size()));
  }
  Row* row = RowForWrite();
  if (row == nullptr) return;
  table_->PutInMap(row, hash_, cell.index, key, value);
  table_->SetPresent(row, cell.index);
}

bool KeyedBackend::RemoveFromMap(const StateCell& cell, std::string_view key) {
  if (!MapOf(cell).Find(key)) return false;
  table_->BeforeWrite(row_, hash_);
  table_->RemoveFromMap(row_, hash_, cell.index, key);
  if (table_->MapOf(row_, cell.index).root() == nullptr) Clear(cell);
  return true;
}

void KeyedBackend::Clear(const StateCell& cell) {
  if (Has(cell) && !table_->Clear(row_, hash_, cell.index)) row_ = nullptr;
}

void KeyedBackend::FailDecode(const StateCell& cell) {
  Fail(DataLossError("state \"", NameOf(cell.index), "\": value does not decode as ",
                     states_.states[cell.index].value.ToString()));
}

void KeyedBackend::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Status KeyedBackend::status() const {
  if (!status_.ok()) return status_;
  if (!is_open() || table_->status().ok()) return OkStatus();
  return table_->status().Annotated("keyed state of \"" + options_.uid + "\"");
}

std::string KeyedBackend::NameOf(uint32_t state) const {
  return options_.uid + "." + states_.states[state].name;
}

Status KeyedBackend::BeginSnapshot(base::CheckpointId checkpoint, SnapshotSink& sink) {
  WEIR_CHECK(checkpoint > begun_);
  WEIR_RETURN_IF_ERROR(table_->BeginSnapshot(sink));
  begun_ = checkpoint;
  return OkStatus();
}

bool KeyedBackend::EncodeSome(size_t bytes) {
  Unbind();  // rows may move
  return table_->EncodeSome(bytes);
}

void KeyedBackend::AbortSnapshot(base::CheckpointId checkpoint) {
  if (checkpoint == begun_ && snapshot_running()) table_->AbortSnapshot();
}

void KeyedBackend::CheckpointCompleted(base::CheckpointId checkpoint) {
  if (checkpoint != begun_ || begun_ == base::CheckpointId()) return;
  WEIR_CHECK(!snapshot_running());  // complete means acknowledged by this subtask
  table_->SnapshotCompleted(table_->generation());
}

bool KeyedBackend::IsOurs(base::KeyGroup group) const {
  const base::KeyGroup tested = options_.faults.key_group_off_by_one ? group.Next() : group;
  return options_.groups.Contains(group) && options_.groups.Contains(tested);
}

StatusOr<KeyedBackend::Restored> KeyedBackend::RestoreChunk(std::string_view name,
                                                            std::string_view bytes) {
  WEIR_CHECK(!snapshot_running());
  Unbind();
  const auto at = std::ranges::find(states_.states, name, &StateDescriptor::name);
  if (at == states_.states.end()) {
    return NotFoundError("restore of \"", options_.uid, "\": no state is named \"", name, "\"");
  }
  const auto state = static_cast<uint32_t>(at - states_.states.begin());
  const auto annotated = [&](const Status& s) {
    return s.Annotated("restore of state \"" + NameOf(state) + "\"");
  };
  StatusOr<ChunkReader> reader = ChunkReader::Open(bytes);
  if (!reader.ok()) return annotated(reader.status());
  const ChunkHeader& header = reader->header();
  if (header.group.number() >= options_.max_parallelism) {
    return annotated(DataLossError("key group ", header.group, " of ", options_.max_parallelism));
  }
  if (!IsOurs(header.group)) return Restored::kNotOurs;
  ChunkReader::Entry entry;
  while (reader->Next(entry)) {
    Status status = RestoreEntry(state, header, entry);
    if (!status.ok()) return annotated(status);
  }
  if (Status status = reader->Finish(); !status.ok()) return annotated(status);
  return Restored::kTaken;
}

Status KeyedBackend::RestoreEntry(uint32_t state, const ChunkHeader& header,
                                  const ChunkReader::Entry& entry) {
  uint64_t hash = 0;
  if (!options_.key.hash(options_.hash_seed, entry.key, hash)) {
    return DataLossError("key does not decode as ", options_.key.schema.ToString());
  }
  if (base::KeyGroupOf(hash, options_.max_parallelism) != header.group) {
    return DataLossError("a key of key group ", base::KeyGroupOf(hash, options_.max_parallelism),
                         " is in key group ", header.group);
  }
  if (entry.value.size() > limits::kValueBytesMax) {
    return DataLossError("value longer than ", limits::kValueBytesMax, " bytes");
  }
  const bool is_list = states_.states[state].kind == StateKind::kList;
  if (is_list && header.kind == ChunkKind::kUpsert && entry.value.size() < sizeof(uint32_t)) {
    return DataLossError("list without its count");
  }
  const bool is_map = states_.states[state].kind == StateKind::kMap;
  if (is_map && header.kind == ChunkKind::kUpsert) WEIR_RETURN_IF_ERROR(CheckRun(entry.value));
  Row* row = table_->FindOrInsertEncoded(hash, entry.key);
  if (row == nullptr) return table_->status();
  if (header.kind == ChunkKind::kDelete) return table_->Clear(row, hash, state), OkStatus();
  const ValueOps& value = values_[state];
  table_->BeforeWrite(row, hash);
  if (is_map) {
    table_->PutRunInMap(row, hash, state, entry.value);
  } else if (value.inline_bytes == 0) {
    table_->AssignBytes(row, hash, state, entry.value);
  } else if (value.encoded_as_lies ? entry.value.size() != value.inline_bytes
                                   : !value.decode(entry.value, row->At(layout_.offsets[state]))) {
    return DataLossError("value does not decode as ", states_.states[state].value.ToString());
  } else if (value.encoded_as_lies) {
    std::memcpy(row->At(layout_.offsets[state]), entry.value.data(), entry.value.size());
  }
  table_->SetPresent(row, state);
  return OkStatus();
}

}  // namespace weir::state
