import {
  all,
  appVersion,
  contains,
  equals,
  firstOf,
  matches,
  not,
  text,
  value,
  when,
} from '../expressions/index.ts'

/** Registry and repository of the hardened image, for whoever names no image. */
const hardened = { registry: 'dhi.io', repository: 'istio-install-cni' }
/** What the original's chart calls its image. */
const originalName = 'install-cni'

/** The version that is installed; without the variant. */
export const tag = firstOf(value('tag'), value('global.tag'), appVersion)

const hub = firstOf(value('hub'), value('global.hub'))
const image = firstOf(value('image'), originalName)
const variant = firstOf(value('variant'), value('global.variant'))
/** A digest at its end already says which variant it is. */
const tagOfVariant = when(all(variant, not(contains(tag, '@'))), text`${tag}-${variant}`, tag)
const nameInHub = when(
  hub,
  text`${hub}/${image}`,
  text`${hardened.registry}/${when(equals(image, originalName), hardened.repository, image)}`,
)

/**
 * A reference with tag or digest is taken whole; one with a registry gets the tag; a bare name is looked for in the
 * hub, or else among the hardened images, and gets tag and variant.
 */
export const imageReference = when(
  matches(image, '[:@][^/]*$'),
  image,
  when(contains(image, '/'), text`${image}:${tag}`, text`${nameInHub}:${tagOfVariant}`),
)
