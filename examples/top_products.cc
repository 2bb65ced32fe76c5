// Which products sell best in each shop, so far.
//
//   top_products run --orders orders.csv --out top --size 3
//
// orders.csv has the columns shop and product. For every order it writes a line of JSON: the shop,
// how many orders it has by then, and its best products with the pieces sold, the best first (those
// that sold as often by name). The line with a shop's highest number is its ranking. Kill it and
// run it again: nothing is counted twice.
//
// A shop's counts are a map of their own, of any size; an order touches one item of it.
#include <weir/weir.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

struct Order {
  std::string shop;
  std::string product;
};
WEIR_RECORD(Order, shop, product);

struct Sold {
  std::string product;
  int64_t pieces;
};
WEIR_RECORD(Sold, product, pieces);

struct Ranking {
  std::string shop;
  int64_t orders;
  std::vector<Sold> best;
};
WEIR_RECORD(Ranking, shop, orders, best);

class RankProducts : public weir::KeyedProcessFunction<std::string, Order, Ranking> {
 public:
  explicit RankProducts(int64_t size) : size_(static_cast<size_t>(size)) {}

  void ProcessElement(const Order& order, Context& context,
                      weir::Collector<Ranking>& out) override {
    const int64_t pieces = pieces_.ValueOr(order.product, 0) + 1;
    pieces_.Put(order.product, pieces);
    Ranking ranking = ranking_.ValueOr({.shop = context.CurrentKey(), .orders = 0, .best = {}});
    ++ranking.orders;
    Place(ranking.best, {order.product, pieces});
    ranking_.Update(ranking);
    out.Collect(ranking);
  }

 private:
  // Only the product that was just sold can rise.
  void Place(std::vector<Sold>& best, const Sold& sold) const {
    std::erase_if(best, [&](const Sold& other) { return other.product == sold.product; });
    const auto worse = std::ranges::find_if(best, [&](const Sold& other) {
      return other.pieces < sold.pieces ||
             (other.pieces == sold.pieces && other.product > sold.product);
    });
    best.insert(worse, sold);
    if (best.size() > size_) best.pop_back();
  }

  const size_t size_;
  weir::MapState<std::string, int64_t> pieces_{this, "pieces"};
  weir::ValueState<Ranking> ranking_{this, "ranking"};
};

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& p) {
    p.Name("top-products");
    const auto orders = p.Option("orders", "orders.csv", "CSV with shop,product");
    const auto out = p.Option("out", "top", "output directory");
    const auto size = p.Option("size", int64_t{3}, "how many products of each shop");
    p.ReadCsv<Order>(orders).KeyBy(&Order::shop).Process<RankProducts>("rank", size).WriteJson(out);
  });
}
