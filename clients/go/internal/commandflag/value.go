// Package commandflag has the flags that the commands of this module share.
package commandflag

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// Integer returns a parser for a flag whose value is a whole number from 1 to maximum.
func Integer(target *int, maximum uint64) func(string) error {
	return func(value string) error {
		number, err := strconv.ParseUint(value, 10, 31)
		if err != nil || number < 1 || number > maximum {
			return fmt.Errorf("must be a whole number from 1 to %d", maximum)
		}
		*target = int(number)
		return nil
	}
}

// maxSeconds is about 68 years. Every gRPC implementation accepts a deadline of that length.
const maxSeconds = math.MaxInt32

var decimalNumber = regexp.MustCompile(`^([0-9]+(\.[0-9]*)?|\.[0-9]+)$`)

// Seconds returns a parser for a flag whose value is a positive number of seconds.
func Seconds(target *time.Duration) func(string) error {
	return func(value string) error {
		seconds, err := strconv.ParseFloat(value, 64)
		duration := time.Duration(seconds * float64(time.Second))
		if err != nil || !decimalNumber.MatchString(value) || seconds > maxSeconds || duration <= 0 {
			return fmt.Errorf("must be a positive decimal number, at most %d", maxSeconds)
		}
		*target = duration
		return nil
	}
}

// Share returns a parser for a flag whose value is a number from 0 to 1.
func Share(target *float64) func(string) error {
	return func(value string) error {
		share, err := strconv.ParseFloat(value, 64)
		if err != nil || !decimalNumber.MatchString(value) || share > 1 {
			return errors.New("must be a decimal number, at most 1")
		}
		*target = share
		return nil
	}
}

// YesNo returns a parser for a flag whose value is yes or no.
func YesNo(target *bool) func(string) error {
	return func(value string) error {
		if value != "yes" && value != "no" {
			return errors.New("must be yes or no")
		}
		*target = value == "yes"
		return nil
	}
}
