// Gives each order the name of its product, from a list that may change while orders come.
//
//   enrich run --orders orders.csv --products products.csv --out named
//
// The list of products is broadcast: every subtask has all of it, in a BroadcastState that is part
// of every checkpoint. An order whose product is not known (yet) leaves through a side output, into
// a directory of its own. Run it with --parallelism 4: nothing changes but the speed.
#include <weir/weir.h>

#include <cstdint>
#include <string>

struct Order {
  int64_t order;
  int64_t product;
  int64_t pieces;
};
WEIR_RECORD(Order, order, product, pieces);

struct Product {
  int64_t product;
  std::string name;
};
WEIR_RECORD(Product, product, name);

struct NamedOrder {
  int64_t order;
  std::string name;
  int64_t pieces;
};
WEIR_RECORD(NamedOrder, order, name, pieces);

class NameOrders : public weir::BroadcastProcessFunction<Order, Product, NamedOrder> {
 public:
  static constexpr weir::OutputTag<Order> kUnknown{"unknown"};

  void ProcessElement(const Order& in, Context& ctx, weir::Collector<NamedOrder>& out) override {
    if (const std::string* name = names_.Get(in.product)) {
      out.Collect({in.order, *name, in.pieces});
    } else {
      ctx.Output(kUnknown, in);
    }
  }

  void ProcessBroadcastElement(const Product& in, BroadcastContext&,
                               weir::Collector<NamedOrder>&) override {
    names_.Put(in.product, in.name);
  }

 private:
  weir::BroadcastState<int64_t, std::string> names_{this, "names"};
};

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& p) {
    p.Name("enrich");
    const auto orders = p.Option("orders", "orders.csv", "CSV with order,product,pieces");
    const auto products = p.Option("products", "products.csv", "CSV with product,name");
    const auto out = p.Option("out", "named", "output directory");
    const auto unknown = p.Option("unknown", "unknown", "directory for orders without a name");
    const auto rate = p.Option("rate", 0u, "orders a second; 0: as fast as they go");

    const auto names = p.ReadCsv<Product>(products).Named("products").Broadcast();
    const auto named = p.ReadCsv<Order>(weir::CsvSourceOptions{.path = orders, .rate = rate})
                           .Named("orders")
                           .Connect(names)
                           .Process<NameOrders>("name-orders");
    named.WriteCsv(out);
    named.SideOutput(NameOrders::kUnknown).WriteCsv(unknown).Named("unknown");
  });
}
