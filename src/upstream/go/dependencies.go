package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"sigs.k8s.io/yaml"
)

// completeDependencies switches off what conditions and tags disable, and looks for enabled dependencies that are not in charts/: those
// with a file:// repository in the tree, the others at the host, which refuses unless the user allowed it.
func completeDependencies(asked *request, charts *chartLoader, loaded *chart.Chart, values map[string]any) (*chart.Chart, []*failure) {
	declared := map[string]chart.Dependency{}
	for _, one := range loaded.Metadata.Dependencies {
		if one != nil {
			declared[nameInParent(one)] = *one
		}
	}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return nil, []*failure{asFailure(err, "values-invalid")}
	}
	wanted := missingOf(loaded)
	if len(wanted) == 0 {
		return loaded, nil
	}
	again, err := charts.load(asked.Path)
	if err != nil {
		return nil, []*failure{asFailure(err, "chart-invalid")}
	}
	failures := []*failure{}
	for _, name := range wanted {
		dependency := declared[name]
		found, err := fetchDependency(asked, charts, again, dependency)
		if err != nil {
			failures = append(failures, missingFailure(asked, charts, dependency, err))
			continue
		}
		again.AddDependency(found)
	}
	if len(failures) > 0 {
		return nil, failures
	}
	if err := chartutil.ProcessDependencies(again, values); err != nil {
		return nil, []*failure{asFailure(err, "values-invalid")}
	}
	for _, name := range missingOf(again) {
		failures = append(failures, missingFailure(asked, charts, declared[name], errors.New("the version found does not fit")))
	}
	return again, failures
}

func nameInParent(one *chart.Dependency) string {
	if one.Alias != "" {
		return one.Alias
	}
	return one.Name
}

// missingOf names the enabled dependencies without a chart; their names are aliases by now.
func missingOf(loaded *chart.Chart) []string {
	present := map[string]bool{}
	for _, one := range loaded.Dependencies() {
		present[one.Name()] = true
	}
	missing := []string{}
	for _, one := range loaded.Metadata.Dependencies {
		if !present[one.Name] {
			missing = append(missing, one.Name)
		}
	}
	return missing
}

func missingFailure(asked *request, charts *chartLoader, one chart.Dependency, cause error) *failure {
	file := path.Join(asked.Path, "Chart.yaml")
	message := fmt.Sprintf("%s %s from %s is declared in Chart.yaml, but not in charts/: %s", one.Name, one.Version, one.Repository, cause)
	found := fail("dependency-missing", file, "%s", message)
	found.Details = map[string]any{
		"name": one.Name, "version": one.Version, "repository": one.Repository,
		"command": "helm dependency build " + display(asked.Path), "problem": cause.Error(),
	}
	if content, err := charts.files.read(file); err == nil {
		found.Line, _ = lineOf(content, "name: "+one.Name)
	}
	return found
}

// fetchDependency finds one chart by its repository, as `helm dependency build` would.
func fetchDependency(asked *request, charts *chartLoader, parent *chart.Chart, one chart.Dependency) (*chart.Chart, error) {
	if folder, isLocal := strings.CutPrefix(one.Repository, "file://"); isLocal {
		where := path.Join(asked.Path, folder)
		if path.IsAbs(folder) || where == ".." || strings.HasPrefix(where, "../") {
			return nil, fmt.Errorf("%s lies outside the repository", one.Repository)
		}
		return charts.load(where)
	}
	if !strings.HasPrefix(one.Repository, "https://") && !strings.HasPrefix(one.Repository, "http://") {
		return nil, errors.New("only https repositories can be fetched from here")
	}
	version := one.Version
	if parent.Lock != nil {
		for _, locked := range parent.Lock.Dependencies {
			if locked.Name == one.Name && locked.Repository == one.Repository {
				version = locked.Version
			}
		}
	}
	index, err := charts.files.remote("index", strings.TrimSuffix(one.Repository, "/")+"/index.yaml")
	if err != nil {
		return nil, err
	}
	chosen, err := chooseFromIndex(index, one.Name, version)
	if err != nil {
		return nil, err
	}
	location, err := url.Parse(strings.TrimSuffix(one.Repository, "/") + "/")
	if err != nil {
		return nil, err
	}
	if location, err = location.Parse(chosen.URLs[0]); err != nil {
		return nil, err
	}
	archive, err := charts.files.remote("chart", location.String())
	if err != nil {
		return nil, err
	}
	if digest := fmt.Sprintf("%x", sha256.Sum256(archive)); chosen.Digest != "" && digest != strings.TrimPrefix(chosen.Digest, "sha256:") {
		return nil, fmt.Errorf("%s has digest %s, but the repository's index says %s", location, digest, chosen.Digest)
	}
	made, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	charts.claim(made, "")
	return made, nil
}

// indexEntry is what is needed of an entry of a chart repository's index.yaml.
type indexEntry struct {
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
	Digest  string   `json:"digest"`
}

// chooseFromIndex gives the newest version within the range.
func chooseFromIndex(text []byte, name, wanted string) (indexEntry, error) {
	var index struct {
		Entries map[string][]indexEntry `json:"entries"`
	}
	if err := yaml.Unmarshal(text, &index); err != nil {
		return indexEntry{}, err
	}
	best := indexEntry{}
	var newest *semver.Version
	for _, one := range index.Entries[name] {
		version, err := semver.NewVersion(one.Version)
		if err != nil || len(one.URLs) == 0 || !chartutil.IsCompatibleRange(wanted, one.Version) {
			continue
		}
		if newest == nil || version.GreaterThan(newest) {
			best, newest = one, version
		}
	}
	if newest == nil {
		return best, fmt.Errorf("no version %s of %s in the repository's index", wanted, name)
	}
	return best, nil
}
