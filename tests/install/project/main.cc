// The smallest program of a user.
#include <weir/weir.h>

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& pipeline) { pipeline.Name("installed"); });
}
