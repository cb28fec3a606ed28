package service

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// message is a request as it came.
type message []byte

// codec is protobuf's, but that a message is left as it came.
type codec struct {
	encoding.CodecV2
}

// Unmarshal is gRPC's to call.
func (c codec) Unmarshal(data mem.BufferSlice, value any) error {
	if bytes, ok := value.(*message); ok {
		*bytes = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, value)
}
