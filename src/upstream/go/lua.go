package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// luaRequest runs scripts on objects, each in a fresh state with the global `obj`, as Argo CD runs health checks
// (argo-cd util/lua/lua.go): base, table and package libraries, os with nothing but time and date; the others only where openLibs says so.
type luaRequest struct {
	NowMs int64     `json:"nowMs"`
	Tasks []luaTask `json:"tasks"`
}

type luaTask struct {
	// empty: the built-in check of Argo CD for the object's kind
	Script   string         `json:"script"`
	OpenLibs bool           `json:"openLibs"`
	Object   map[string]any `json:"object"`
}

const (
	luaStackLimit    = 200
	luaRegistryLimit = 256 * 1024
)

func runLua(text []byte, result *response) {
	var asked luaRequest
	if err := json.Unmarshal(text, &asked); err != nil {
		result.Errors = append(result.Errors, asFailure(err, "renderer-failed"))
		return
	}
	now := time.UnixMilli(asked.NowMs).UTC()
	result.Results = make([]queried, len(asked.Tasks))
	for index, task := range asked.Tasks {
		if task.Script == "" {
			task.Script, task.OpenLibs = builtInCheck(task.Object), true
			if task.Script == "" {
				continue
			}
		}
		value, err := runScript(task, now)
		if err != nil {
			result.Results[index] = queried{Error: err.Error()}
		} else {
			result.Results[index] = queried{Values: []any{value}}
		}
	}
}

func runScript(task luaTask, now time.Time) (any, error) {
	state := lua.NewState(lua.Options{
		SkipOpenLibs: true, CallStackSize: luaStackLimit, RegistryMaxSize: luaRegistryLimit, RegistryGrowStep: 1024,
	})
	defer state.Close()
	libraries := []library{
		{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable},
		{lua.OsLibName, timeOnly(now)},
	}
	if task.OpenLibs {
		libraries = append(libraries, library{lua.StringLibName, openStrings}, library{lua.MathLibName, lua.OpenMath},
			library{lua.CoroutineLibName, lua.OpenCoroutine})
	}
	for _, each := range libraries {
		call := lua.P{Fn: state.NewFunction(each.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(each.name)); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"dofile", "loadfile", "print"} {
		state.SetGlobal(name, state.NewFunction(func(*lua.LState) int { return 0 }))
	}
	state.SetContext(newBudget())
	state.SetGlobal("obj", toLua(state, task.Object))
	if err := state.DoString(task.Script); err != nil {
		return nil, withoutTrace(err)
	}
	if state.GetTop() == 0 {
		return nil, nil
	}
	return fromLua(state.Get(-1), 0)
}

type library struct {
	name string
	open lua.LGFunction
}

// timeOnly is the library os with the functions that cannot reach the system. The clock is the host's.
func timeOnly(now time.Time) lua.LGFunction {
	return func(state *lua.LState) int {
		state.Push(state.RegisterModule(lua.OsLibName, map[string]lua.LGFunction{
			"time": func(state *lua.LState) int {
				seconds := now.Unix()
				if table, given := state.Get(1).(*lua.LTable); given {
					part := func(name string, otherwise int) int {
						if number, is := state.GetField(table, name).(lua.LNumber); is {
							return int(number)
						}
						return otherwise
					}
					seconds = time.Date(part("year", 1970), time.Month(part("month", 1)), part("day", 1), part("hour", 12),
						part("min", 0), part("sec", 0), 0, time.UTC).Unix()
				}
				state.Push(lua.LNumber(seconds))
				return 1
			},
			"date": func(state *lua.LState) int {
				at := now
				if state.GetTop() > 1 {
					at = time.Unix(state.CheckInt64(2), 0).UTC()
				}
				state.Push(dateOf(state, strings.TrimPrefix(state.OptString(1, "%c"), "!"), at))
				return 1
			},
		}))
		return 1
	}
}

func dateOf(state *lua.LState, format string, at time.Time) lua.LValue {
	if strings.HasPrefix(format, "*t") {
		table := state.NewTable()
		parts := map[string]int{"year": at.Year(), "month": int(at.Month()), "day": at.Day(), "hour": at.Hour(), "min": at.Minute(),
			"sec": at.Second(), "wday": int(at.Weekday()) + 1, "yday": at.YearDay()}
		for name, value := range parts {
			table.RawSetString(name, lua.LNumber(value))
		}
		return table
	}
	replacer := strings.NewReplacer("%%", "%", "%Y", at.Format("2006"), "%y", at.Format("06"), "%m", at.Format("01"), "%d", at.Format("02"),
		"%H", at.Format("15"), "%M", at.Format("04"), "%S", at.Format("05"), "%j", at.Format("002"), "%Z", "UTC", "%z", "+0000",
		"%F", at.Format("2006-01-02"), "%T", at.Format("15:04:05"), "%c", at.Format("Mon Jan _2 15:04:05 2006"))
	return lua.LString(replacer.Replace(format))
}

// openStrings opens the library string; its one function that can make a huge text out of nothing is bounded.
func openStrings(state *lua.LState) int {
	results := lua.OpenString(state)
	table, is := state.GetGlobal(lua.StringLibName).(*lua.LTable)
	if is {
		table.RawSetString("rep", state.NewFunction(func(state *lua.LState) int {
			text, count := state.CheckString(1), state.CheckInt(2)
			if count > 0 && len(text)*count > 1<<20 {
				state.RaiseError("string.rep: the result is too long")
			}
			state.Push(lua.LString(strings.Repeat(text, max(count, 0))))
			return 1
		}))
	}
	return results
}

func withoutTrace(err error) error {
	var raised *lua.ApiError
	if errors.As(err, &raised) && raised.Type == lua.ApiErrorRun {
		return errors.New(raised.Object.String())
	}
	return err
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case bool:
		return lua.LBool(typed)
	case float64:
		return lua.LNumber(typed)
	case string:
		return lua.LString(typed)
	case []any:
		table := state.CreateTable(len(typed), 0)
		for _, item := range typed {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(typed))
		for name, item := range typed {
			table.RawSetString(name, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

// fromLua gives a Lua value as JSON: a table with a first item is a list, any other an object.
func fromLua(value lua.LValue, depth int) (any, error) {
	if depth > 30 {
		return nil, errors.New("the result is nested too deeply")
	}
	switch typed := value.(type) {
	case lua.LBool:
		return bool(typed), nil
	case lua.LNumber:
		return float64(typed), nil
	case lua.LString:
		return string(typed), nil
	case *lua.LNilType:
		return nil, nil
	case *lua.LTable:
		if typed.Len() > 0 {
			list := make([]any, 0, typed.Len())
			for index := 1; index <= typed.Len(); index++ {
				item, err := fromLua(typed.RawGetInt(index), depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			return list, nil
		}
		object := map[string]any{}
		var failed error
		typed.ForEach(func(key, item lua.LValue) {
			converted, err := fromLua(item, depth+1)
			if err != nil {
				failed = err
			}
			object[key.String()] = converted
		})
		return object, failed
	default:
		return nil, fmt.Errorf("a %s is no result", value.Type())
	}
}
