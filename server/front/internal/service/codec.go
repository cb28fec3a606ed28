package service

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // So that compressed requests are read.
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Past it gRPC breaks the call off, by a status that is not the contract's: our own limit must answer first.
const mostHeaders = 256 * 1024

// message is a request as it came.
type message []byte

// codec is protobuf's, but that a message is left as it came.
type codec struct {
	encoding.CodecV2
}

// Options are those that a server needs to Register a Service.
func Options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name)}),
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxHeaderListSize(mostHeaders),
	}
}

// Unmarshal is gRPC's to call.
func (c codec) Unmarshal(data mem.BufferSlice, value any) error {
	if bytes, ok := value.(*message); ok {
		*bytes = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, value)
}
