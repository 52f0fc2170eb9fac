#if !__has_include(<jq.h>)
#error "libjq is missing: apt-get install libjq-dev libonig-dev"
#endif
#include <jv.h>
#include <jq.h>
