#include "weir/connectors/compression.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/connectors/decompressed_file.h"

namespace weir::connectors {
namespace {

constexpr Compression kBoth[] = {Compression::kGzip, Compression::kZstd};

std::string Compressed(Compression compression, std::string_view text, size_t piece = SIZE_MAX) {
  const auto compressor = Compressor::New(compression);
  std::string out;
  for (size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    compressor->Add(text.substr(at, piece), out);
  compressor->Finish(out);
  return out;
}

// Text that compresses, but not to nothing.
std::string Text(size_t bytes) {
  std::string text;
  for (uint64_t i = 1; text.size() < bytes; ++i)
    text += Concat("line ", i * i * 7919 % 65'537, "\n");
  return text.substr(0, bytes);
}

// Gives a few bytes at a time.
class Bytes final : public env::ReadableFile {
 public:
  Bytes(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    return std::string_view(bytes_)
        .substr(std::min<size_t>(offset, bytes_.size()))
        .copy(buffer, std::min(size, piece_));
  }
  StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  const std::string bytes_;
  const size_t piece_;
};

struct Pieces {
  size_t in = SIZE_MAX;  // of the file
  size_t out = 1 << 20;  // asked for
};

// What the archive holds; or the error.
std::string Held(Compression compression, const std::string& bytes, Pieces pieces = {}) {
  const std::string path = Concat("in/t.txt", NameEndOf(compression));
  const DecompressedFile file(std::make_unique<Bytes>(bytes, pieces.in), path, bytes.size());
  std::string held, buffer(pieces.out, '\0');
  for (;;) {
    const auto count = file.Read(held.size(), buffer.data(), buffer.size());
    if (!count.ok()) return std::string(count.status().message());
    if (*count == 0) return held;
    held.append(buffer, 0, *count);
  }
}

TEST(Compression, NamesSayIt) {
  EXPECT_EQ(CompressionOf("a.csv.gz"), Compression::kGzip);
  EXPECT_EQ(CompressionOf("in/a.zst"), Compression::kZstd);
  EXPECT_EQ(CompressionOf("a.gz.csv"), Compression::kNone);
  EXPECT_EQ(CompressionOf("gz"), Compression::kNone);
}

TEST(Compression, WhatIsCompressedIsReadAgain) {
  for (const Compression compression : kBoth) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{65'536}, size_t{3'000'000}}) {
      const std::string text = Text(size);
      const std::string bytes = Compressed(compression, text, 100'000);
      EXPECT_TRUE(Held(compression, bytes) == text) << NameOf(compression) << " " << size;
      if (size > 100) {
        EXPECT_LT(bytes.size(), size / 2);
      }
    }
  }
}

TEST(Compression, InPiecesOfAnySize) {
  const std::string text = Text(5000);
  for (const Compression compression : kBoth) {
    const std::string bytes = Compressed(compression, text, 37);
    for (const size_t in : {1u, 2u, 13u, 5000u}) {
      for (const size_t out : {1u, 7u, 5000u}) {
        EXPECT_EQ(Held(compression, bytes, {in, out}), text) << in << " " << out;
      }
    }
  }
}

TEST(Compression, ArchivesMayStandOneBehindAnother) {
  for (const Compression compression : kBoth) {
    const std::string bytes = Concat(Compressed(compression, "one\n"), Compressed(compression, ""),
                                     Compressed(compression, "two\n"));
    EXPECT_EQ(Held(compression, bytes), "one\ntwo\n");
    EXPECT_EQ(Held(compression, bytes, {1, 1}), "one\ntwo\n");
  }
}

TEST(Compression, OfAnArchiveThatIsCutOffNoBeginningIsTakenForAllOfIt) {
  const std::string text = Text(300);
  for (const Compression compression : kBoth) {
    const std::string bytes = Compressed(compression, text);
    for (size_t size = 1; size < bytes.size(); ++size) {
      const std::string error = Held(compression, bytes.substr(0, size));
      EXPECT_TRUE(error.starts_with(Concat("in/t.txt", NameEndOf(compression), " is cut off: its ",
                                           NameOf(compression), " data ends within an archive, ")))
          << size << ": " << error;
      EXPECT_TRUE(error.ends_with("; put a whole copy in its place and start anew with --fresh"));
    }
  }
}

TEST(Compression, ADamagedArchiveIsNeverTakenForWhole) {
  const std::string text = Text(3000);
  for (const Compression compression : kBoth) {
    const std::string bytes = Compressed(compression, text);
    size_t refused = 0;
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      const std::string held = Held(compression, damaged);
      // Some bits (the time in a gzip header) mean nothing: then all is there.
      EXPECT_TRUE(held == text || held.starts_with("in/t.txt")) << at;
      refused += held != text ? 1u : 0u;
    }
    EXPECT_GT(refused, bytes.size() * 9 / 10);
    EXPECT_TRUE(Held(compression, bytes + "x").starts_with("in/t.txt"));
    EXPECT_TRUE(Held(compression, "no archive at all").starts_with("in/t.txt"));
  }
}

TEST(DecompressedFile, CanBeReadAnywhere) {
  const std::string text = Text(300'000);
  for (const Compression compression : kBoth) {
    const std::string bytes = Compressed(compression, text);
    const DecompressedFile file(std::make_unique<Bytes>(bytes, 1000),
                                Concat("t", NameEndOf(compression)), bytes.size());
    for (const uint64_t offset : {200'000u, 200'000u, 10u, 299'999u, 0u}) {
      char buffer[1];
      ASSERT_EQ(file.Read(offset, buffer, 1).value(), 1u);
      EXPECT_EQ(buffer[0], text[offset]) << offset;
    }
    char buffer[1];
    EXPECT_EQ(file.Read(300'000, buffer, 1).value(), 0u);
    EXPECT_EQ(file.Read(900'000, buffer, 1).value(), 0u);
  }
}

TEST(DecompressedFile, WhatWasAppendedLaterIsNotRead) {
  const std::string bytes = Compressed(Compression::kGzip, "one\n");
  const DecompressedFile file(
      std::make_unique<Bytes>(bytes + Compressed(Compression::kGzip, "two\n"), 1000), "t.gz",
      bytes.size());
  char buffer[100];
  EXPECT_EQ(file.Read(0, buffer, 100).value(), 4u);
  EXPECT_EQ(file.Read(4, buffer, 100).value(), 0u);
}

}  // namespace
}  // namespace weir::connectors
