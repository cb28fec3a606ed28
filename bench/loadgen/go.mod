// The load generator of the benchmarks. It is a module of its own, so that users of clients/go do not download it.
module github.com/question-topic/question-topic/bench/loadgen

go 1.26.0

require (
	github.com/question-topic/question-topic/clients/go v0.0.0 // the throttle
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // the names of statuses; RetryInfo in a test
	google.golang.org/grpc v1.85.0
)

require google.golang.org/protobuf v1.36.12

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
)

replace github.com/question-topic/question-topic/clients/go => ../../clients/go
