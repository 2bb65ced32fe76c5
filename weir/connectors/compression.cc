#include "weir/connectors/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>

#include "weir/base/check.h"

namespace weir::connectors {
namespace {

// A sink must keep up with its job: what these save over a disk is worth their time, what higher
// levels save is not.
constexpr int kGzipLevel = 3;
constexpr int kZstdLevel = 3;

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; 16: with a gzip header
constexpr int kGzipMemoryLevel = 8;
constexpr size_t kOutBytes = 64 << 10;

// zlib counts in 32 bits and never writes to what it is given.
void Give(std::string_view bytes, z_stream& stream) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    const int made = deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindowBits,
                                  kGzipMemoryLevel, Z_DEFAULT_STRATEGY);
    WEIR_CHECK(made == Z_OK);
  }
  ~GzipCompressor() override { deflateEnd(&stream_); }

  void Add(std::string_view bytes, std::string& out) override {
    for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(bytes.size(), INT_MAX))) {
      Give(bytes.substr(0, INT_MAX), stream_);
      Run(Z_NO_FLUSH, out);
    }
  }
  void Finish(std::string& out) override {
    Give({}, stream_);
    Run(Z_FINISH, out);
  }

 private:
  void Run(int flush, std::string& out) {
    do {
      const size_t before = out.size();
      out.resize(before + kOutBytes);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = kOutBytes;
      const int result = deflate(&stream_, flush);
      WEIR_CHECK(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
      out.resize(before + kOutBytes - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_ = {};
};

class GzipDecompressor final : public Decompressor {
 public:
  GzipDecompressor() { WEIR_CHECK(inflateInit2(&stream_, kGzipWindowBits) == Z_OK); }
  ~GzipDecompressor() override { inflateEnd(&stream_); }

  StatusOr<Step> Run(std::string_view bytes, char* buffer, size_t size) override {
    if (at_end_ && bytes.empty()) return Step{};
    if (at_end_) inflateReset(&stream_);  // another archive begins
    at_end_ = false;
    bytes = bytes.substr(0, INT_MAX);
    Give(bytes, stream_);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, INT_MAX));
    const uInt room = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return InvalidArgumentError(stream_.msg != nullptr ? stream_.msg : zError(result));
    }
    at_end_ = result == Z_STREAM_END;
    return Step{.taken = bytes.size() - stream_.avail_in, .made = room - stream_.avail_out};
  }
  bool at_end() const override { return at_end_; }

 private:
  z_stream stream_ = {};
  bool at_end_ = true;
};

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    WEIR_CHECK(context_ != nullptr);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  void Add(std::string_view bytes, std::string& out) override {
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) Run(in, ZSTD_e_continue, out);
  }
  void Finish(std::string& out) override {
    ZSTD_inBuffer in = {nullptr, 0, 0};
    while (Run(in, ZSTD_e_end, out) > 0) {
    }
  }

 private:
  size_t Run(ZSTD_inBuffer& in, ZSTD_EndDirective directive, std::string& out) {
    const size_t before = out.size();
    out.resize(before + kOutBytes);
    ZSTD_outBuffer made = {out.data() + before, kOutBytes, 0};
    const size_t left = ZSTD_compressStream2(context_.get(), &made, &in, directive);
    WEIR_CHECK(ZSTD_isError(left) == 0);
    out.resize(before + made.pos);
    return left;
  }

  const std::unique_ptr<ZSTD_CCtx, FreeZstd> context_;
};

class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : context_(ZSTD_createDCtx()) { WEIR_CHECK(context_ != nullptr); }

  StatusOr<Step> Run(std::string_view bytes, char* buffer, size_t size) override {
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out = {buffer, size, 0};
    const size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left) != 0) return InvalidArgumentError(ZSTD_getErrorName(left));
    if (in.pos > 0 || out.pos > 0) at_end_ = left == 0;
    return Step{.taken = in.pos, .made = out.pos};
  }
  bool at_end() const override { return at_end_; }

 private:
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context_;
  bool at_end_ = true;
};

}  // namespace

std::string_view NameEndOf(Compression compression) {
  return compression == Compression::kGzip   ? ".gz"
         : compression == Compression::kZstd ? ".zst"
                                             : "";
}

Compression CompressionOf(std::string_view name) {
  for (const Compression any : {Compression::kGzip, Compression::kZstd}) {
    if (name.ends_with(NameEndOf(any))) return any;
  }
  return Compression::kNone;
}

std::string_view NameOf(Compression compression) {
  return compression == Compression::kGzip   ? "gzip"
         : compression == Compression::kZstd ? "zstd"
                                             : "";
}

std::unique_ptr<Compressor> Compressor::New(Compression compression) {
  WEIR_CHECK(compression != Compression::kNone);
  if (compression == Compression::kGzip) return std::make_unique<GzipCompressor>();
  return std::make_unique<ZstdCompressor>();
}

std::unique_ptr<Decompressor> Decompressor::New(Compression compression) {
  WEIR_CHECK(compression != Compression::kNone);
  if (compression == Compression::kGzip) return std::make_unique<GzipDecompressor>();
  return std::make_unique<ZstdDecompressor>();
}

}  // namespace weir::connectors
