package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// stepBudget is how many steps of its interpreter one jq expression or Lua script may take on one object: about a second here. The
// module's clock stands still, so that the limit of time that Argo CD sets is one of steps.
const stepBudget = 4_000_000

var errTooLong = errors.New("took too many steps")

// budget is a context that is over after a number of looks at it; both interpreters look once per step.
type budget struct {
	context.Context
	left int
	over chan struct{}
}

func newBudget() *budget { return &budget{context.Background(), stepBudget, make(chan struct{})} }

func (b *budget) Done() <-chan struct{} {
	if b.left == 0 {
		close(b.over)
	}
	b.left--
	return b.over
}

func (b *budget) Err() error {
	if b.left < 0 {
		return errTooLong
	}
	return nil
}

func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// jqRequest asks one expression of many objects.
type jqRequest struct {
	Expression string `json:"expression"`
	// Paths: the places that the expression selects, as del() would take them away, instead of its values
	Paths   bool             `json:"paths"`
	Objects []map[string]any `json:"objects"`
}

// queried is what a query gave for one object.
type queried struct {
	Values []any  `json:"values,omitempty"`
	Error  string `json:"error,omitempty"`
}

func runJq(text []byte, result *response) {
	var asked jqRequest
	if err := json.Unmarshal(text, &asked); err != nil {
		result.Errors = append(result.Errors, asFailure(err, "renderer-failed"))
		return
	}
	source := asked.Expression
	if asked.Paths {
		source = fmt.Sprintf("path(%s)", asked.Expression)
	}
	var code *gojq.Code
	query, err := gojq.Parse(source)
	if err == nil {
		code, err = gojq.Compile(query)
	}
	result.Results = make([]queried, len(asked.Objects))
	for index, object := range asked.Objects {
		if err != nil {
			result.Results[index] = queried{Error: err.Error()}
			continue
		}
		result.Results[index] = runOn(code, object)
	}
}

func runOn(code *gojq.Code, object map[string]any) queried {
	iterator := code.RunWithContext(newBudget(), object)
	values := []any{}
	for {
		value, more := iterator.Next()
		if !more {
			return queried{Values: values}
		}
		if err, failed := value.(error); failed {
			// `halt` ends a program without anything being wrong.
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return queried{Values: values}
			}
			return queried{Error: strings.TrimSpace(err.Error())}
		}
		values = append(values, value)
	}
}
