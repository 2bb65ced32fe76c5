#include "weir/cli/metrics_page.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(MetricsPage, IsOpenMetrics) {
  env::MetricRegistry registry;
  registry.NewCounter("weir_records_in", "Records.", {{"operator", "sum \"a\"\\\n"}}).Add(12);
  registry.NewGauge("weir_state_bytes", "Memory.", {}).Set(1.5);
  const Histogram took = registry.NewHistogram("weir_took_seconds", "Time.", {}, {0.1, 1});
  took.Observe(0.25);
  took.Observe(3);
  EXPECT_EQ(MetricsText(registry.Look(), "my job"),
            "# HELP weir_records_in Records.\n"
            "# TYPE weir_records_in counter\n"
            "weir_records_in_total{job=\"my job\",operator=\"sum \\\"a\\\"\\\\\\n\"} 12\n"
            "# HELP weir_state_bytes Memory.\n"
            "# TYPE weir_state_bytes gauge\n"
            "weir_state_bytes{job=\"my job\"} 1.5\n"
            "# HELP weir_took_seconds Time.\n"
            "# TYPE weir_took_seconds histogram\n"
            "weir_took_seconds_bucket{job=\"my job\",le=\"0.1\"} 0\n"
            "weir_took_seconds_bucket{job=\"my job\",le=\"1\"} 1\n"
            "weir_took_seconds_bucket{job=\"my job\",le=\"+Inf\"} 2\n"
            "weir_took_seconds_sum{job=\"my job\"} 3.25\n"
            "weir_took_seconds_count{job=\"my job\"} 2\n"
            "# EOF\n");
}

TEST(MetricsPage, IsNotShownToTheNetworkUnlessWanted) {
  const env::MetricRegistry registry;
  EXPECT_TRUE(ServeMetrics("127.0.0.1:0", false, registry, "j").ok());
  const Status refused = ServeMetrics("0.0.0.0:0", false, registry, "j").status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("--insecure"), std::string::npos) << refused;
  EXPECT_TRUE(ServeMetrics("0.0.0.0:0", true, registry, "j").ok());
}

}  // namespace
}  // namespace weir::cli
