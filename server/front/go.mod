// The server's front: what answers gRPC calls for the model's process.
module github.com/question-topic/question-topic/server/front

go 1.26.0

require (
	github.com/question-topic/question-topic/clients/go v0.0.0 // the generated stubs: the contract itself
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // google.rpc error details
	google.golang.org/grpc v1.85.0 // the RPC server, health checks and reflection
	google.golang.org/protobuf v1.36.12 // the messages' runtime
)

require golang.org/x/net v0.60.0

require (
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
)

replace github.com/question-topic/question-topic/clients/go => ../../clients/go
