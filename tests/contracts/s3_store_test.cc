// Sketch: an S3 store behind BlobStore.
//
// What it asks of the contracts: create-if-absent as a conditional request, a blob in pieces as a
// multipart upload, a whole answer from a listing in pages, and reactions for the server's codes.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "weir/env/blob_store.h"
#include "weir/env/random.h"
#include "weir/stores/conformance_test.h"

namespace weir::contracts {
namespace {

/// What an HTTP client would send and get; the names are those of the protocol.
struct Request {
  std::string method;
  std::string key;
  std::map<std::string, std::string> query = {};
  std::map<std::string, std::string> headers = {};
  std::string body = {};
};
struct Response {
  int status = 200;
  std::string body = {};
  std::vector<env::BlobInfo> contents = {};  // of a listing: one page
  std::string next_page = {};
};
using ResponseCallback = base::UniqueFunction<void(StatusOr<Response>)>;

/// A bucket as a map. Requests wait until the test lets them happen.
class Bucket {
 public:
  static constexpr size_t kPageSize = 2;
  struct Fault {
    std::string method;
    int status;
  };

  void Send(Request request, ResponseCallback done) {
    waiting_.emplace_back([this, request = std::move(request), done = std::move(done)]() mutable {
      ++requests_[request.method];
      if (!faults.empty() && faults.front().method == request.method) {
        const int status = faults.front().status;
        faults.pop_front();
        if (status == 0) return done(UnavailableError("connection lost"));
        return done(Response{.status = status});
      }
      done(Answer(request));
    });
  }
  /// An answer that needs no request, but must not come inside the call.
  void Later(base::Closure closure) { waiting_.push_back(std::move(closure)); }
  void RunAll() {
    while (!waiting_.empty()) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      next();
    }
  }

  std::deque<Fault> faults;        // answered in order by requests of their methods
  bool honours_conditions = true;  // some servers that speak the protocol do not
  std::map<std::string, std::string> objects;
  std::map<std::string, std::map<std::string, std::string>> uploads;  // by id: parts
  int requests(const std::string& method) { return requests_[method]; }

 private:
  Response Answer(const Request& request) {
    const auto object = objects.find(request.key);
    const auto upload = request.query.find("uploadId");
    if (request.method == "LIST") return Page(request);
    if (request.method == "GET") {
      if (object == objects.end()) return {.status = 404};
      const uint64_t begin = std::stoull(request.headers.at("Range-Begin"));
      if (begin >= object->second.size()) return {.status = 416};
      const uint64_t size = std::stoull(request.headers.at("Range-Size"));
      return {.body = object->second.substr(begin, size)};
    }
    if (request.method == "DELETE") {
      if (upload != request.query.end()) uploads.erase(upload->second);
      if (upload == request.query.end()) objects.erase(request.key);
      return {.status = 204};
    }
    if (request.method == "POST" && upload == request.query.end()) {
      const std::string id = "upload-" + std::to_string(++upload_ids_);
      uploads[id];
      return {.body = id};
    }
    if (request.method == "POST") {
      std::string bytes;
      for (const auto& [number, part] : uploads.at(upload->second)) bytes += part;
      objects[request.key] = bytes;
      uploads.erase(upload->second);
      return {};
    }
    if (upload != request.query.end()) {
      uploads.at(upload->second)[request.query.at("partNumber")] = request.body;
      return {};
    }
    const bool conditional = request.headers.contains("If-None-Match") && honours_conditions;
    if (conditional && object != objects.end()) return {.status = 412};
    objects[request.key] = request.body;
    return {};
  }

  Response Page(const Request& request) const {
    Response page;
    auto at = objects.lower_bound(request.query.at("prefix"));
    if (const auto& after = request.query.at("after"); !after.empty()) {
      at = objects.upper_bound(after);
    }
    for (; at != objects.end() && at->first.starts_with(request.query.at("prefix")); ++at) {
      if (page.contents.size() == kPageSize) {
        page.next_page = page.contents.back().name;
        break;
      }
      page.contents.push_back({.name = at->first, .bytes = at->second.size()});
    }
    return page;
  }

  std::deque<base::Closure> waiting_;
  std::map<std::string, int> requests_;
  int upload_ids_ = 0;
};

/// The reaction that a server's code asks for; ok for those of success.
Status StatusOf(const StatusOr<Response>& response, const std::string& name) {
  if (!response.ok()) return response.status();
  switch (response->status) {
    case 200:
    case 204:
    case 206:
      return {};
    case 404:
      return NotFoundError("no object ", name);
    case 412:
      return AlreadyExistsError("object ", name);
    case 401:
    case 403:
      return PermissionDeniedError("the server refuses access to ", name);
    case 400:
      return InvalidArgumentError("the server does not take the request for ", name);
    case 507:
      return ResourceExhaustedError("the bucket is full: ", name);
    default:  // 409 (a conditional write met another one), 429, 500, 503: not decided, try again
      return UnavailableError("the server answered ", response->status, " for ", name);
  }
}

/// Sends a request, unless its name is none: that is an answer, too.
void SendChecked(Bucket& bucket, Request request, ResponseCallback done) {
  const bool lists = request.method == "LIST";
  Status status = env::CheckBlobName(lists ? request.query.at("prefix") + "x" : request.key);
  if (status.ok()) return bucket.Send(std::move(request), std::move(done));
  bucket.Later([status = std::move(status), done = std::move(done)]() mutable { done(status); });
}

class S3Store final : public env::BlobStore {
 public:
  /// Shapes: every part but the last has at least `part_bytes_min` bytes (5 MiB with S3).
  S3Store(Bucket& bucket, size_t part_bytes_min)
      : bucket_(bucket), part_bytes_min_(part_bytes_min) {}

  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override {
    Request request{.method = "GET", .key = name};
    request.headers = {{"Range-Begin", std::to_string(offset)},
                       {"Range-Size", std::to_string(size)}};
    SendChecked(bucket_, std::move(request),
                [name, done = std::move(done)](StatusOr<Response> response) mutable {
                  if (response.ok() && response->status == 416) return done(std::string());
                  if (Status status = StatusOf(response, name); !status.ok()) return done(status);
                  done(std::move(response->body));
                });
  }

  std::unique_ptr<env::BlobWriter> Put(std::string name) override;

  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override {
    Request request{.method = "PUT", .key = name};
    request.headers = {{"If-None-Match", "*"}};
    request.body = std::move(bytes);
    SendChecked(bucket_, std::move(request),
                [name, done = std::move(done)](StatusOr<Response> response) mutable {
                  done(StatusOf(response, name));
                });
  }

  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override {
    ListFrom(std::move(prefix), "", {}, std::move(done));
  }

  void Delete(std::string name, env::StatusCallback done) override {
    SendChecked(bucket_, {.method = "DELETE", .key = name},
                [name, done = std::move(done)](StatusOr<Response> response) mutable {
                  Status status = StatusOf(response, name);
                  done(status.code() == StatusCode::kNotFound ? Status() : std::move(status));
                });
  }

  std::string Describe() const override { return "s3://bucket"; }

 private:
  void ListFrom(std::string prefix, std::string after, std::vector<env::BlobInfo> found,
                env::ResultCallback<std::vector<env::BlobInfo>> done) {
    Request request{.method = "LIST", .key = ""};
    request.query = {{"prefix", prefix}, {"after", std::move(after)}};
    SendChecked(bucket_, std::move(request),
                [this, prefix, found = std::move(found),
                 done = std::move(done)](StatusOr<Response> page) mutable {
                  if (Status status = StatusOf(page, prefix); !status.ok()) return done(status);
                  found.insert(found.end(), page->contents.begin(), page->contents.end());
                  if (page->next_page.empty()) return done(std::move(found));
                  ListFrom(std::move(prefix), std::move(page->next_page), std::move(found),
                           std::move(done));
                });
  }

  Bucket& bucket_;
  const size_t part_bytes_min_;
};

/// A blob as a multipart upload, which begins with the first full part: a small blob is one PUT.
/// Answers may come after the writer is gone, so what they need is shared with them.
class MultipartUpload : public std::enable_shared_from_this<MultipartUpload> {
 public:
  MultipartUpload(Bucket& bucket, size_t part_bytes_min, std::string name)
      : bucket_(bucket), part_bytes_min_(part_bytes_min), name_(std::move(name)) {}

  void Append(const std::string& bytes, env::StatusCallback done) {
    buffer_ += bytes;
    if (buffer_.size() >= part_bytes_min_) return SendPart(std::move(done));
    bucket_.Later([done = std::move(done)]() mutable { done({}); });
  }

  void Finish(env::StatusCallback done) {
    if (id_.empty()) return Send("PUT", {}, std::exchange(buffer_, {}), std::move(done));
    if (buffer_.empty()) return Complete(std::move(done));
    SendPart([self = shared_from_this(), done = std::move(done)](Status status) mutable {
      status.ok() ? self->Complete(std::move(done)) : done(std::move(status));
    });
  }

  void Abort() {
    if (!id_.empty()) Send("DELETE", {{"uploadId", id_}}, "", [](const Status&) {});
  }

 private:
  void Complete(env::StatusCallback done) {
    Send("POST", {{"uploadId", id_}}, "",
         [self = shared_from_this(), done = std::move(done)](Status status) mutable {
           if (status.ok()) self->id_.clear();  // nothing is left to abort
           done(std::move(status));
         });
  }

  void SendPart(env::StatusCallback done) {
    if (!id_.empty()) return SendPartNow(std::move(done));
    SendChecked(bucket_, {.method = "POST", .key = name_},
                [self = shared_from_this(),
                 done = std::move(done)](const StatusOr<Response>& response) mutable {
                  Status status = StatusOf(response, self->name_);
                  if (!status.ok()) return done(std::move(status));
                  self->id_ = response->body;
                  self->SendPartNow(std::move(done));
                });
  }
  void SendPartNow(env::StatusCallback done) {
    Send("PUT", {{"uploadId", id_}, {"partNumber", std::to_string(100'000 + ++parts_)}},
         std::exchange(buffer_, {}), std::move(done));
  }
  void Send(std::string method, std::map<std::string, std::string> query, std::string body,
            env::StatusCallback done) {
    Request request{.method = std::move(method), .key = name_};
    request.query = std::move(query);
    request.body = std::move(body);
    SendChecked(bucket_, std::move(request),
                [name = name_, done = std::move(done)](const StatusOr<Response>& response) mutable {
                  done(StatusOf(response, name));
                });
  }

  Bucket& bucket_;
  const size_t part_bytes_min_;
  const std::string name_;
  std::string buffer_;
  std::string id_;  // of the upload; empty before it begins and once it is complete
  int parts_ = 0;
};

class MultipartWriter final : public env::BlobWriter {
 public:
  explicit MultipartWriter(std::shared_ptr<MultipartUpload> upload) : upload_(std::move(upload)) {}
  ~MultipartWriter() override { upload_->Abort(); }
  void Append(std::string bytes, env::StatusCallback done) override {
    upload_->Append(bytes, std::move(done));
  }
  void Finish(env::StatusCallback done) override { upload_->Finish(std::move(done)); }

 private:
  const std::shared_ptr<MultipartUpload> upload_;  // shared with answers under way
};

std::unique_ptr<env::BlobWriter> S3Store::Put(std::string name) {
  return std::make_unique<MultipartWriter>(
      std::make_shared<MultipartUpload>(bucket_, part_bytes_min_, std::move(name)));
}

class CountingRandom final : public env::Random {
 public:
  uint64_t Next() override { return ++next_; }

 private:
  uint64_t next_ = 0;
};

// Calls that wait for their answers.
struct S3 : ::testing::Test {
  Status Create(const std::string& name, const std::string& bytes) {
    Status result = InternalError("no answer");
    store.CreateIfAbsent(name, bytes, [&](Status status) { result = std::move(status); });
    bucket.RunAll();
    return result;
  }
  Status Append(env::BlobWriter& writer, const std::string& bytes) {
    Status result = InternalError("no answer");
    writer.Append(bytes, [&](Status status) { result = std::move(status); });
    bucket.RunAll();
    return result;
  }
  Status Finish(env::BlobWriter& writer) {
    Status result = InternalError("no answer");
    writer.Finish([&](Status status) { result = std::move(status); });
    bucket.RunAll();
    return result;
  }
  StatusOr<std::string> Get(const std::string& name, uint64_t offset, uint64_t size) {
    StatusOr<std::string> result = InternalError("no answer");
    store.Get(name, offset, size, [&](StatusOr<std::string> got) { result = std::move(got); });
    bucket.RunAll();
    return result;
  }
  Bucket bucket;
  S3Store store{bucket, /*part_bytes_min=*/8};
};

// The store in the suite that all stores pass.
class S3World final : public stores::StoreWorld {
 public:
  env::BlobStore& store() override { return here_; }
  env::BlobStore& other() override { return there_; }
  env::Random& random() override { return random_; }
  bool WaitFor(const std::function<bool()>& done) override {
    bucket_.RunAll();
    return done();
  }

 private:
  Bucket bucket_;
  S3Store here_{bucket_, /*part_bytes_min=*/8};
  S3Store there_{bucket_, /*part_bytes_min=*/8};
  CountingRandom random_;
};

TEST_F(S3, TheSecondCreateLosesAndTheFirstIsIntact) {
  EXPECT_TRUE(Create("history/1.json", "mine").ok());
  EXPECT_EQ(Create("history/1.json", "yours").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Get("history/1.json", 0, 100).value(), "mine");
}

TEST_F(S3, AConflictOrALostConnectionIsToBeTriedAgain) {
  bucket.faults = {{"PUT", 409}, {"PUT", 0}, {"PUT", 503}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Create("a", "x").code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Create("a", "x").ok());
}

TEST_F(S3, WhatTryingAgainDoesNotCureSaysSo) {
  bucket.faults = {{"PUT", 403}, {"PUT", 400}, {"PUT", 507}};
  EXPECT_EQ(Create("a", "x").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Create("a", "x").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Create("a", "x").code(), StatusCode::kResourceExhausted);
}

TEST_F(S3, ABlobInPiecesIsSeenWholeOrNotAtAll) {
  const auto writer = store.Put("data/p.pack");
  EXPECT_TRUE(Append(*writer, "0123456789").ok());
  EXPECT_TRUE(Append(*writer, "abc").ok());
  EXPECT_TRUE(Append(*writer, "defgh").ok());
  EXPECT_TRUE(bucket.objects.empty());
  EXPECT_TRUE(Finish(*writer).ok());
  EXPECT_EQ(bucket.objects["data/p.pack"], "0123456789abcdefgh");
  EXPECT_TRUE(bucket.uploads.empty());
}

TEST_F(S3, ASmallBlobIsOneRequest) {
  const auto writer = store.Put("data/p.pack");
  EXPECT_TRUE(Append(*writer, "abc").ok());
  EXPECT_TRUE(Finish(*writer).ok());
  EXPECT_EQ(bucket.objects["data/p.pack"], "abc");
  EXPECT_EQ(bucket.requests("POST"), 0);
}

TEST_F(S3, AWriterThatIsGivenUpLeavesNothing) {
  {
    const auto writer = store.Put("data/p.pack");
    EXPECT_TRUE(Append(*writer, "0123456789").ok());
    EXPECT_EQ(bucket.uploads.size(), 1u);
  }
  bucket.RunAll();
  EXPECT_TRUE(bucket.uploads.empty());
  EXPECT_TRUE(bucket.objects.empty());
}

TEST_F(S3, AFailedPieceFailsTheBlob) {
  const auto writer = store.Put("data/p.pack");
  bucket.faults = {{"PUT", 500}};
  EXPECT_EQ(Append(*writer, "0123456789").code(), StatusCode::kUnavailable);
}

TEST_F(S3, AListingInPagesIsOneAnswer) {
  for (const char* name : {"a/1", "a/2", "a/3", "a/4", "a/5", "b/1"}) bucket.objects[name] = "x";
  std::vector<std::string> names;
  store.List("a/", [&](StatusOr<std::vector<env::BlobInfo>> found) {
    for (const env::BlobInfo& blob : *found) names.push_back(blob.name);
  });
  bucket.RunAll();
  EXPECT_EQ(names, (std::vector<std::string>{"a/1", "a/2", "a/3", "a/4", "a/5"}));
}

TEST_F(S3, AServerThatIgnoresTheConditionIsRefused) {
  CountingRandom random;
  const auto prove = [&] {
    Status proof = InternalError("no answer");
    stores::ProveCreateIfAbsent(store, random, [&](Status s) { proof = std::move(s); });
    bucket.RunAll();
    return proof;
  };
  EXPECT_TRUE(prove().ok()) << prove().ToString();
  bucket.honours_conditions = false;
  EXPECT_EQ(prove().code(), StatusCode::kFailedPrecondition);
}

std::unique_ptr<stores::StoreWorld> MakeS3World() { return std::make_unique<S3World>(); }

}  // namespace
}  // namespace weir::contracts

namespace weir::stores {
INSTANTIATE_TEST_SUITE_P(S3Sketch, StoreConformance, ::testing::Values(&contracts::MakeS3World));
}  // namespace weir::stores
