package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// head is what identifies an object.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
		Namespace    string `json:"namespace"`
	} `json:"metadata"`
}

func (h head) group() string {
	if group, _, found := strings.Cut(h.APIVersion, "/"); found {
		return group
	}
	return ""
}

func (h head) key() string {
	return fmt.Sprintf("%s/%s/%s/%s", h.group(), h.Kind, h.Metadata.Namespace, h.Metadata.Name)
}

// readHead says what an object is, or why it is none.
func readHead(value json.RawMessage) (head, error) {
	var found head
	if err := json.Unmarshal(value, &found); err != nil {
		return found, err
	}
	if found.APIVersion == "" || found.Kind == "" {
		return found, fmt.Errorf("apiVersion or kind is missing")
	}
	if found.Metadata.Name == "" && found.Metadata.GenerateName == "" {
		return found, fmt.Errorf("%s without metadata.name", found.Kind)
	}
	return found, nil
}

// reportDuplicates adds an error for each object whose key an earlier one has; hooks may repeat objects.
func reportDuplicates(result *response) {
	first := map[string]rendered{}
	for _, one := range result.Objects {
		identity, err := readHead(one.Object)
		if err != nil || one.Hook != nil || identity.Metadata.Name == "" {
			continue
		}
		earlier, isRepeated := first[identity.key()]
		if !isRepeated {
			first[identity.key()] = one
			continue
		}
		found := fail("duplicate-object", one.File, "%s %s is declared twice", identity.Kind, identity.Metadata.Name)
		found.Template = one.Template
		if one.Line != nil {
			found.Line = *one.Line + 1
		}
		found.Details = map[string]any{"kind": identity.Kind, "name": identity.Metadata.Name, "otherFile": earlier.File}
		if earlier.Line != nil {
			found.Details["otherLine"] = *earlier.Line + 1
		}
		result.Errors = append(result.Errors, found)
	}
}
