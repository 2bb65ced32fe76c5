// BlobStore: where checkpoints live. Five operations, the same promises over files, S3, HDFS, Kafka
// and PostgreSQL; one conformance suite (stores/conformance_test.h) holds every implementation to
// them.
//
// Names are relative, parts joined by '/', each part of [A-Za-z0-9._-], none "." or "..". A blob is
// immutable: it is put whole or not at all. Every call answers exactly once through its callback,
// on any thread, never inside the call; a call on a store whose process died never answers. No call
// may be given up: an operation that was sent may still take effect later.
// Errors, everywhere: Unavailable means that it may or may not have happened and may be tried
//   again; ResourceExhausted (full), PermissionDenied and InvalidArgument will not get better by
//   trying.
// Threads: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/base/status.h"
#include "weir/env/callback.h"

namespace weir::env {

/// A blob being put in pieces. Destroying it before Finish has answered ok leaves nothing that List
/// or Get would show.
/// Errors: after an error the writer is spent; the blob is put anew, under a new name.
/// Threads: one call at a time; the next only after the last has answered.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual void Append(std::string bytes, StatusCallback done) = 0;

  /// Makes the blob visible and durable, with its name. Ok is said only when both hold.
  virtual void Finish(StatusCallback done) = 0;
};

struct BlobInfo {
  std::string name;
  uint64_t bytes = 0;
  friend bool operator==(const BlobInfo&, const BlobInfo&) = default;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  /// Reads `size` bytes at `offset`, fewer only where the blob ends. Strongly consistent: sees
  /// everything that was answered before it began.
  /// Errors: NotFound.
  virtual void Get(std::string name, uint64_t offset, uint64_t size,
                   ResultCallback<std::string> done) = 0;

  /// Begins a blob that nobody else writes: its name was drawn at random by the caller. Replaces a
  /// blob of that name.
  virtual std::unique_ptr<BlobWriter> Put(std::string name) = 0;

  /// The one strong primitive: of all creates of a name, by all processes, exactly one ever answers
  /// ok.
  /// Errors: AlreadyExists when another won, its bytes intact. After Unavailable the same bytes may
  ///   be sent again; if the first call did it, the second answers AlreadyExists: the caller reads
  ///   and compares.
  virtual void CreateIfAbsent(std::string name, std::string bytes, StatusCallback done) = 0;

  /// All blobs whose name starts with `prefix`, sorted by name. Shows everything that was answered
  /// before it began.
  virtual void List(std::string prefix, ResultCallback<std::vector<BlobInfo>> done) = 0;

  /// Idempotent: a missing blob is ok.
  virtual void Delete(std::string name, StatusCallback done) = 0;

  /// For messages: "file:///var/lib/weir".
  virtual std::string Describe() const = 0;
};

/// Ok if `name` may be used with a BlobStore.
/// Errors: InvalidArgument naming the part.
Status CheckBlobName(const std::string& name);

}  // namespace weir::env
