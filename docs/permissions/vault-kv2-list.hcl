# list: names, folder by folder
path "secret/metadata/*" {
  capabilities = ["list"]
}
