#include "weir/api/plan_checks.h"

#include <algorithm>
#include <bit>
#include <map>

#include "weir/base/limits.h"

namespace weir::api {
namespace {

bool TakesKindAsName(NodeKind kind) { return kind == NodeKind::kSource || kind == NodeKind::kSink; }

// The sentence about a name that cannot be one, or nothing.
std::string WrongName(std::string_view whose, std::string_view name) {
  if (name.empty()) return Concat(whose, " has an empty name: give it one of ", kNameRule);
  if (name.size() > limits::kNameBytesMax) {
    return Concat(whose, " has a name of ", name.size(),
                  " letters: names are parts of file names, take at most ", limits::kNameBytesMax);
  }
  if (!IsName(name)) {
    return Concat(whose, " has the name \"", name, "\": names are parts of file names, take ",
                  kNameRule);
  }
  return {};
}

void CheckJobName(const Program& program, std::vector<ProgramError>& errors) {
  if (program.name_place().line == 0) {
    errors.push_back({{},
                      "the pipeline has no name: give it one with Name(\"...\"), its checkpoints "
                      "are kept under it"});
    return;
  }
  const std::string wrong = WrongName("the pipeline", program.name());
  if (!wrong.empty()) errors.push_back({program.name_place(), wrong});
}

// The sentence about a second node with the uid of `first`.
std::string SameUid(const Node& first, const Node& second, const std::string& uid) {
  if (!first.name && !second.name) {
    return Concat(
        "a second ", uid, " without a name, after ", first.place.ToString(),
        ": give one of them a name with Named(\"...\"), positions and output are kept under it");
  }
  return Concat("a second operator named \"", uid, "\", after ", first.place.ToString(),
                ": state is kept under the name, give one of them another");
}

std::string TooParallel(std::string_view what, uint32_t parallelism, uint32_t max_parallelism) {
  std::string message = Concat(what, " is ", parallelism, ", above the ", max_parallelism,
                               " key groups of the job: take fewer subtasks");
  if (parallelism > limits::kMaxParallelismMax) return message;
  return message + Concat(", or SetMaxParallelism(", std::bit_ceil(parallelism),
                          ") before the job's first run");
}

}  // namespace

bool IsName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name[0] != '.' && std::ranges::all_of(name, allowed);
}

std::vector<std::string> UidsOf(const Program& program) {
  std::vector<std::string> uids;
  for (const Node& node : program.nodes()) {
    if (node.part_of) {
      uids.push_back(Concat(uids[node.part_of->number()], ".", node.part));
      continue;
    }
    uids.push_back(node.name                    ? *node.name
                   : TakesKindAsName(node.kind) ? node.what()
                                                : std::string());
  }
  return uids;
}

void CheckNames(const Program& program, std::vector<ProgramError>& errors) {
  CheckJobName(program, errors);
  const std::vector<std::string> uids = UidsOf(program);
  std::map<std::string_view, const Node*> first;
  for (size_t i = 0; i < uids.size(); ++i) {
    const Node& node = program.nodes()[i];
    if (node.name) {
      const std::string wrong = WrongName("this " + node.what(), *node.name);
      if (!wrong.empty()) errors.push_back({node.place, wrong});
      if (node.name->empty()) continue;
    } else if (node.kind == NodeKind::kStateful) {
      errors.push_back(
          {node.place, Concat("this ", node.what(),
                              " has state and no name: give it one, its state is kept under it")});
    }
    if (uids[i].empty()) continue;
    const auto [found, added] = first.emplace(uids[i], &node);
    if (!added) errors.push_back({node.place, SameUid(*found->second, node, uids[i])});
  }
}

// What a source puts aside besides its records goes somewhere.
void CheckSourcePorts(const Program& program, std::vector<ProgramError>& errors) {
  for (size_t i = 0; i < program.nodes().size(); ++i) {
    const Node& node = program.nodes()[i];
    if (node.source == nullptr || node.output_types().size() < 2) continue;
    const bool read = std::ranges::any_of(program.nodes(), [&](const Node& reader) {
      return std::ranges::any_of(reader.inputs, [&](const InputEdge& input) {
        return input.from.number() == i && input.from_port != base::PortIndex(0);
      });
    });
    if (read) continue;
    errors.push_back({node.place, Concat("this ", node.what(),
                                         " puts dead letters out and nothing writes them: read it "
                                         "with ReadCsv, ReadText or ReadJson")});
  }
}

void CheckShape(const Program& program, std::vector<ProgramError>& errors) {
  CheckSourcePorts(program, errors);
  if (program.nodes().empty()) {
    errors.push_back(
        {program.name_place(), "the pipeline reads nothing: begin with a source, such as ReadCsv"});
  }
  std::vector<bool> read(program.nodes().size());
  for (const Node& node : program.nodes()) {
    for (const InputEdge& input : node.inputs) {
      if (input.from_port == base::PortIndex(0)) read[input.from.number()] = true;
    }
  }
  for (size_t i = 0; i < read.size(); ++i) {
    const Node& node = program.nodes()[i];
    if (read[i] || node.kind == NodeKind::kStateful || node.kind == NodeKind::kSink) continue;
    errors.push_back(
        {node.place,
         Concat("nothing reads what this ", node.what(),
                " makes: end it with a sink, such as Print or WriteCsv, or remove it")});
  }
}

void CheckParallelism(const Program& program, uint32_t parallelism, uint32_t max_parallelism,
                      std::vector<ProgramError>& errors) {
  if (parallelism > max_parallelism) {
    errors.push_back({{}, TooParallel("parallelism.default", parallelism, max_parallelism)});
  }
  for (const Node& node : program.nodes()) {
    if (!node.parallelism || *node.parallelism <= max_parallelism) continue;
    const std::string what = Concat("the parallelism of this ", node.what());
    errors.push_back({node.place, TooParallel(what, *node.parallelism, max_parallelism)});
  }
}

}  // namespace weir::api
