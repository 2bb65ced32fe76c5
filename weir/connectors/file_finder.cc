#include "weir/connectors/file_finder.h"

#include "weir/base/utf8.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/input_file.h"

namespace weir::connectors {
namespace {

constexpr std::string_view kPathCure = "; give the path of what is to be read";
constexpr std::string_view kWildcards = "*?";

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsPattern(std::string_view text) {
  return text.find_first_of(kWildcards) != std::string_view::npos;
}

bool MatchesExactly(std::string_view name, const std::string& pattern) {
  return MatchesPattern(name, pattern);
}

// Whether `name` matches, with or without the end of a compressed file.
bool MatchesWithAnyEnd(std::string_view name, const std::string& pattern) {
  std::string_view plain = name;
  plain.remove_suffix(NameEndOf(CompressionOf(name)).size());
  return MatchesPattern(name, pattern) || MatchesPattern(plain, pattern);
}

using Matches = bool (*)(std::string_view name, const std::string& pattern);

StatusOr<std::vector<FoundFile>> FindInDirectory(env::FileSystem& files,
                                                 const std::string& directory,
                                                 const std::string& pattern, Matches matches) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<FoundFile> found;
  for (const std::string& name : names) {
    if (!matches(name, pattern)) continue;
    const std::string path = env::JoinPath(directory, name);
    const StatusOr<env::FileInfo> entry = files.Stat(path);
    if (entry.status().code() == StatusCode::kNotFound) continue;  // removed since
    if (!entry.ok()) return entry.status();
    if (entry->is_directory) continue;
    if (!base::IsUtf8(name)) {
      return InvalidArgumentError("the name of ", QuotedForMessage(path),
                                  " is not UTF-8: checkpoints could not name it; rename the file");
    }
    found.push_back({directory, name, entry->bytes});
  }
  return found;
}

StatusOr<std::vector<FoundFile>> FindMatching(env::FileSystem& files, const std::string& input) {
  const std::string directory = env::DirectoryOf(input);
  if (IsPattern(directory)) {
    return InvalidArgumentError("no file or directory ", input,
                                "; '*' and '?' stand for letters of the names of files only, not "
                                "of directories");
  }
  auto found = FindInDirectory(files, directory, BaseName(input), &MatchesExactly);
  if (found.status().code() == StatusCode::kNotFound) {
    return InvalidArgumentError("no directory ", directory, kPathCure);
  }
  return found;
}

}  // namespace

bool MatchesPattern(std::string_view name, std::string_view pattern) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  size_t n = 0, p = 0;
  size_t star = std::string_view::npos;  // the last '*', which may take one more byte than it did
  size_t taken_to = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken_to = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++n, ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken_to;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

StatusOr<std::vector<FoundFile>> FindFiles(env::FileSystem& files, const std::string& input,
                                           std::string_view name_end) {
  const StatusOr<env::FileInfo> info = files.Stat(input);
  if (info.status().code() == StatusCode::kNotFound) {
    if (!IsPattern(input)) return InvalidArgumentError("no file or directory ", input, kPathCure);
    auto found = FindMatching(files, input);
    if (!found.ok() || !found->empty()) return found;
    return InvalidArgumentError("no file matches ", input, kPathCure);
  }
  if (!info.ok()) return info.status();
  if (!info->is_directory) {
    return std::vector{FoundFile{env::DirectoryOf(input), BaseName(input), info->bytes}};
  }
  WEIR_ASSIGN_OR_RETURN(std::vector<FoundFile> found,
                        FindInDirectory(files, input, Concat("*", name_end), &MatchesWithAnyEnd));
  if (found.empty()) {
    return InvalidArgumentError("no *", name_end, " file in directory ", input, kPathCure);
  }
  return found;
}

StatusOr<std::vector<FoundFile>> FindFilesSoFar(env::FileSystem& files, const std::string& input,
                                                std::string_view name_end) {
  const StatusOr<env::FileInfo> info = files.Stat(input);
  if (info.status().code() == StatusCode::kNotFound) {
    if (IsPattern(input)) return FindMatching(files, input);
    return InvalidArgumentError("no directory ", input, kPathCure);
  }
  if (!info.ok()) return info.status();
  if (info->is_directory) {
    return FindInDirectory(files, input, Concat("*", name_end), &MatchesWithAnyEnd);
  }
  return InvalidArgumentError(input, " is a file: new ones are looked for in a directory, or by a ",
                              "pattern; give one of these, or do not watch");
}

StatusOr<std::string> PathOfFile(env::FileSystem& files, const std::string& input,
                                 const std::string& name) {
  const StatusOr<env::FileInfo> info = files.Stat(input);
  if (info.ok() && info->is_directory) return env::JoinPath(input, name);
  if (BaseName(input) == name) return input;
  if (!info.ok() && MatchesPattern(name, BaseName(input))) {
    return env::JoinPath(env::DirectoryOf(input), name);
  }
  return FailedPreconditionError("the checkpoint is in the middle of ", name, ", but the input is ",
                                 input,
                                 " now; give the same input again, or start anew with --fresh");
}

}  // namespace weir::connectors
