package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// request is one call's message, and how many questions it asks.
type request struct {
	questions uint32
	body      []byte
}

// readRequests reads frames: the number of questions and the length of the body, each in four bytes, the lowest first,
// then the body.
func readRequests(path string) ([]request, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	var found []request
	for {
		var head [2]uint32
		if err := binary.Read(reader, binary.LittleEndian, &head); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		body := make([]byte, head[1])
		if _, err := io.ReadFull(reader, body); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, request{head[0], body})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: holds no requests", path)
	}
	return found, nil
}

// sendOnce writes the reply of each request as its length in four bytes, the lowest first, and its bytes.
func sendOnce(call caller, requests []request, timeout time.Duration, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for number, request := range requests {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		reply, err := call.Call(ctx, request.body)
		cancel()
		if err != nil {
			return fmt.Errorf("request %d: %w", number, err)
		}
		if err := binary.Write(file, binary.LittleEndian, uint32(len(reply))); err != nil {
			return err
		}
		if _, err := file.Write(reply); err != nil {
			return err
		}
	}
	return file.Close()
}
