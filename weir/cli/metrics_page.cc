#include "weir/cli/metrics_page.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace weir::cli {

namespace {

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Number(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  return whole ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

std::string_view TypeOf(env::MetricKind kind) {
  switch (kind) {
    case env::MetricKind::kCounter:
      return "counter";
    case env::MetricKind::kGauge:
      return "gauge";
    case env::MetricKind::kHistogram:
      return "histogram";
  }
  return "unknown";
}

void AppendHistogram(const std::string& name, const std::string& labels,
                     const env::MetricSample& sample, std::string& text) {
  for (size_t i = 0; i < sample.buckets.size(); ++i) {
    const auto& [bound, count] = sample.buckets[i];
    const bool last = i + 1 == sample.buckets.size();
    text += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels,
                        last ? "+Inf" : Number(bound), count);
  }
  text += fmt::format("{}_sum{{{}}} {}\n", name, labels, Number(sample.value));
  text += fmt::format("{}_count{{{}}} {}\n", name, labels, sample.buckets.back().second);
}

}  // namespace

std::string MetricsText(const std::vector<env::MetricFamily>& families, std::string_view job) {
  std::string text;
  for (const env::MetricFamily& family : families) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, Escaped(family.help),
                        family.name, TypeOf(family.kind));
    for (const env::MetricSample& sample : family.samples) {
      std::string labels = fmt::format("job=\"{}\"", Escaped(job));
      for (const auto& [name, value] : sample.labels)
        labels += fmt::format(",{}=\"{}\"", name, Escaped(value));
      if (family.kind == env::MetricKind::kHistogram) {
        AppendHistogram(family.name, labels, sample, text);
      } else {
        const char* suffix = family.kind == env::MetricKind::kCounter ? "_total" : "";
        text += fmt::format("{}{}{{{}}} {}\n", family.name, suffix, labels, Number(sample.value));
      }
    }
  }
  return text + "# EOF\n";
}

StatusOr<std::unique_ptr<env::HttpServer>> ServeMetrics(const std::string& address, bool insecure,
                                                        const env::MetricRegistry& registry,
                                                        std::string job) {
  const auto answer = [&registry, job = std::move(job)](const env::HttpRequest& request) {
    env::HttpResponse response;
    if (request.path == "/metrics") {
      response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
      response.body = MetricsText(registry.Look(), job);
    } else {
      response.status = 404;
      response.body = "metrics are at /metrics\n";
    }
    return response;
  };
  WEIR_ASSIGN_OR_RETURN(const bool is_loopback, env::IsLoopback(address));
  if (!insecure && !is_loopback) {
    return InvalidArgumentError("metrics on ", address,
                                " could be read by everybody in the network: give a loopback "
                                "address (127.0.0.1:9249), or add --insecure if that is wanted");
  }
  return env::HttpServer::Listen(address, answer);
}

}  // namespace weir::cli
