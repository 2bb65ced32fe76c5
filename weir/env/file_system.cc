#include "weir/env/file_system.h"

namespace weir::env {

StatusOr<std::string> ReadExactly(const ReadableFile& file, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    WEIR_ASSIGN_OR_RETURN(const size_t count,
                          file.Read(offset + done, bytes.data() + done, size - done));
    if (count == 0) {
      return OutOfRangeError("file ends at byte ", offset + done, ", wanted ", size, " bytes at ",
                             offset);
    }
    done += count;
  }
  return bytes;
}

std::string DirectoryOf(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  const size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

std::string JoinPath(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

}  // namespace weir::env
