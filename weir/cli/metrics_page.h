// The page of metrics: a process's registry in the text form of OpenMetrics, which Prometheus and
// others read, and the server that shows it.
// Threads: pure; the server answers on a thread of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/env/http_server.h"
#include "weir/env/metrics.h"

namespace weir::cli {

/// Shapes: each sample gets the label `job` in front of its own.
std::string MetricsText(const std::vector<env::MetricFamily>& families, std::string_view job);

/// Serves `/metrics` on `address`.
/// Shapes: `registry` outlives the server.
/// Errors: as HttpServer::Listen; InvalidArgument when others could read the page and `insecure` is
///   not set.
StatusOr<std::unique_ptr<env::HttpServer>> ServeMetrics(const std::string& address, bool insecure,
                                                        const env::MetricRegistry& registry,
                                                        std::string job);

}  // namespace weir::cli
