/** `.helmignore`: what stays out of a package. The values of `ci/` are for testing the chart. */
export const helmIgnore = `\
.DS_Store
.git/
.gitignore
*.orig
*.swp
*.tgz
*.tgz.prov
*~
ci/
`
