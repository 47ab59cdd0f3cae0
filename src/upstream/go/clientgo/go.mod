// Stands in for k8s.io/client-go: Helm's engine imports it only for the `lookup` function, which the host answers instead.
module k8s.io/client-go

go 1.26.0

require k8s.io/apimachinery v0.37.1
