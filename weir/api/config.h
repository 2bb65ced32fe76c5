// Config: settings of a job by key, with Flink's key names where Flink has the setting.
//
// Layers of it lie above each other: defaults, the program (Pipeline::EnableCheckpointing and the
// like), the command line. A key that is not in the registry is an error that names the nearest one
// that is.
// Threads: values.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "weir/base/status.h"

namespace weir::api {

enum class ConfigType : uint8_t { kString, kInteger, kNumber, kDuration, kRestartStrategy };

/// What may be set.
struct ConfigKey {
  std::string_view name;
  std::string_view former_name;  // read as `name`; empty when there is none
  ConfigType type;
  std::string_view default_value;  // as one would write it; empty: decided when the job is planned
  std::string_view help;
};

/// Every key, in the order in which `--help` shows them.
std::span<const ConfigKey> ConfigKeys();

class Config {
 public:
  /// Sets one key; a later call wins.
  /// Errors: InvalidArgument for an unknown key, naming the nearest one, or a value that is not of
  ///   the key's type.
  Status Set(std::string_view key, std::string_view value);

  /// "key=value", as behind -D.
  /// Errors: those of Set; InvalidArgument without an equals sign.
  Status SetAssignment(std::string_view assignment);

  /// All that `above` sets replaces what is set here.
  void Overlay(const Config& above);

  /// What was set, or the key's default.
  /// Shapes: `key` is in the registry.
  std::string_view Get(std::string_view key) const;
  bool IsSet(std::string_view key) const { return values_.contains(key); }

  /// What was set, in the order of names.
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace weir::api
